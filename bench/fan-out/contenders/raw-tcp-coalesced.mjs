/** The same bytes without a protocol: one write per tick and client. */
import { nextFrame } from "./frame.mjs";
import { listen } from "./tcp-listener.mjs";

export async function start() {
  const { port, sockets } = await listen();
  let frames = [];
  return {
    port,
    publish: () => {
      frames.push(nextFrame());
    },
    endTick: () => {
      const bytes = frames.length === 1 ? frames[0] : Buffer.concat(frames);
      frames = [];
      for (const socket of sockets) socket.write(bytes);
    },
    clientCount: () => sockets.size,
  };
}
