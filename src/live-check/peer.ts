/** A WebSocket client that keeps its messages until they are asked for. */
import { once } from "node:events";
import type { WebSocket as Client, ClientOptions } from "ws";
import { limit } from "./report.ts";

export type Message = Record<string, unknown>;
export type ClientClass = new (url: string, options: ClientOptions) => Client;

export class Peer {
  readonly socket: Client;
  private readonly messages: Message[] = [];

  constructor(
    WebSocket: ClientClass,
    port: number,
    query: string,
    options: ClientOptions = {},
  ) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/${query}`, options);
    this.socket.on("message", (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString("utf8")));
      this.socket.emit("kept");
    });
    this.socket.on("error", () => undefined);
  }

  /** The next message, in order. */
  async next(): Promise<Message> {
    while (this.messages.length === 0) {
      await once(this.socket, "kept", { signal: limit() });
    }
    return this.messages.shift() ?? {};
  }

  /** HTTP status that the upgrade was refused with. */
  async refusal(): Promise<number> {
    const signal = limit();
    try {
      const [, response] = await Promise.race([
        once(this.socket, "unexpected-response", { signal }),
        once(this.socket, "open", { signal }).then(() => {
          throw new Error("it was let in");
        }),
      ]);
      response.destroy();
      return response.statusCode;
    } finally {
      this.socket.terminate();
    }
  }

  async closeCode(): Promise<number> {
    const [code] = await once(this.socket, "close", { signal: limit() });
    return Number(code);
  }
}
