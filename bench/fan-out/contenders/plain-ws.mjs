/** The loop that every ws tutorial shows. */
import { once } from "node:events";
import { WebSocketServer } from "ws";
import { nextEvent } from "../event.mjs";

export async function start() {
  const wss = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(wss, "listening");
  return {
    port: wss.address().port,
    publish: () => {
      const event = nextEvent();
      for (const client of wss.clients) client.send(JSON.stringify(event));
    },
    endTick: () => undefined,
    clientCount: () => wss.clients.size,
  };
}
