import { once } from "node:events";
import { createServer } from "node:net";

/** A TCP server that does nothing but know its clients. */
export async function listen() {
  const sockets = new Set();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: server.address().port, sockets };
}
