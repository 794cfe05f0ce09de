/** A WebSocket client that keeps what it got, and can be awaited. */
import { WebSocket } from "ws";
import type { ClientOptions as WsOptions } from "ws";

export interface ClientOptions {
  query?: Record<string, string | number>;
  protocols?: string[];
  path?: string;
  ws?: WsOptions;
}

/** Whatever the server sends: an event, or a message with a `type`. */
export interface Message {
  [key: string]: unknown;
  type?: string;
  seq: number;
  agent_id?: string;
  event_type?: string;
  message?: string;
  metadata: Record<string, unknown>;
}

export interface Closed {
  code: number;
  reason: string;
}

export class EventClient {
  readonly ws: WebSocket;
  readonly messages: Message[] = [];
  readonly closed: Promise<Closed>;
  private readonly changed: Array<() => void> = [];

  constructor(url: string, options: ClientOptions = {}) {
    const query = new URLSearchParams(
      Object.entries(options.query ?? {}).map(
        ([key, value]): [string, string] => [key, String(value)],
      ),
    );
    this.ws = new WebSocket(
      `${url}${options.path ?? "/"}?${query}`,
      options.protocols ?? [],
      options.ws,
    );
    this.ws.on("message", (data) => {
      this.messages.push(JSON.parse(String(data)));
      for (const wake of this.changed.splice(0)) wake();
    });
    this.closed = new Promise((resolve) => {
      this.ws.on("close", (code, reason) => {
        resolve({ code, reason: String(reason) });
        for (const wake of this.changed.splice(0)) wake();
      });
    });
    this.ws.on("error", () => {}); // "close" follows
  }

  get greeting(): Message {
    const [first] = this.messages;
    if (first === undefined) throw new Error("not greeted yet");
    return first;
  }

  /** The events so far, without the messages that have a `type`. */
  get events(): Message[] {
    return this.messages.filter((message) => message.type === undefined);
  }

  get seqs(): number[] {
    return this.events.map((event) => event.seq);
  }

  async established(): Promise<void> {
    await this.until(() => this.messages.length > 0);
  }

  /** Resolves once the condition holds; rejects when the client closes first. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.ws.readyState === WebSocket.CLOSED) {
        throw new Error("closed before the condition held");
      }
      await new Promise<void>((resolve) => this.changed.push(resolve));
    }
  }

  /** The first message of this type, when it comes. */
  async message(type: string): Promise<Message> {
    const find = () => this.messages.find((message) => message.type === type);
    await this.until(() => find() !== undefined);
    const found = find();
    if (found === undefined) throw new Error(`no ${type}`);
    return found;
  }

  /** The events so far, once there are this many. */
  async received(count: number): Promise<Message[]> {
    await this.until(() => this.events.length >= count);
    return this.events;
  }

  send(message: unknown): void {
    this.ws.send(
      typeof message === "string" ? message : JSON.stringify(message),
    );
  }

  /** Its position is fixed when the acknowledgement is here. */
  async subscribe(filter: Record<string, unknown>): Promise<Message> {
    const before = this.messages.length;
    this.send({ type: "subscribe", filter });
    const answer = () =>
      this.messages.slice(before).find((message) => message.type !== undefined);
    await this.until(() => answer() !== undefined);
    return answer() ?? this.greeting;
  }

  /** Vanishes, without a close frame. */
  destroy(): void {
    this.ws.terminate();
  }
}
