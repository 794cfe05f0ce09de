/** The same bytes without a protocol: one write per event and client. */
import { listen } from "./tcp-listener.mjs";
import { nextFrame } from "./frame.mjs";

export async function start() {
  const { port, sockets } = await listen();
  return {
    port,
    publish: () => {
      const frame = nextFrame();
      for (const socket of sockets) socket.write(frame);
    },
    endTick: () => undefined,
    clientCount: () => sockets.size,
  };
}
