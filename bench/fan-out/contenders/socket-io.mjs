/** socket.io as its documentation broadcasts, over WebSocket only. */
import { once } from "node:events";
import { createServer } from "node:http";
import { Server } from "socket.io";
import { nextEvent } from "../event.mjs";

export async function start() {
  const server = createServer();
  const io = new Server(server, {
    transports: ["websocket"],
    serveClient: false,
    // The clients of the benchmark answer no pings.
    pingInterval: 3_600_000,
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: server.address().port,
    publish: () => {
      io.emit("event", nextEvent());
    },
    endTick: () => undefined,
    clientCount: () => io.of("/").sockets.size,
  };
}
