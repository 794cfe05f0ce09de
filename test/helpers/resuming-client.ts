/** A client that comes back with the last seq it saw, and checks that nothing is missing or doubled. */
import { WebSocket } from "ws";

export class ResumingClient {
  lastSeq: number;
  /** What should never have happened, in words. */
  readonly faults: string[] = [];
  /** Events received, by what they are about. */
  readonly onEvent: (event: {
    agent_id: string;
    event_type: string;
    metadata: Record<string, unknown>;
  }) => void;
  private readonly url: () => string;
  private streamId: string | undefined;
  private socket: WebSocket | undefined;
  private stopped = false;

  /** @param url where the server is now; it may have another port after a restart */
  constructor(
    url: () => string,
    since = 0,
    onEvent: ResumingClient["onEvent"] = () => undefined,
  ) {
    this.url = url;
    this.lastSeq = since;
    this.onEvent = onEvent;
    void this.run();
  }

  /** Stops reading for a while, as a laptop that sleeps. */
  stall(milliseconds: number): void {
    const { socket } = this;
    if (socket?.readyState !== WebSocket.OPEN) return;
    socket.pause();
    setTimeout(() => socket.resume(), milliseconds);
  }

  /** Vanishes; comes back by itself. */
  drop(): void {
    this.socket?.terminate();
  }

  /** Resolves once it has seen this seq. */
  async reached(seq: number, timeoutMs = 60_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (this.lastSeq < seq) {
      if (Date.now() > deadline)
        throw new Error(
          `at seq ${this.lastSeq} instead of ${seq}: ${this.faults.join("; ")}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  close(): void {
    this.stopped = true;
    this.socket?.terminate();
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const query = new URLSearchParams({ since: String(this.lastSeq) });
      if (this.streamId !== undefined) query.set("stream_id", this.streamId);
      const socket = new WebSocket(`${this.url()}/?${query}`);
      this.socket = socket;
      socket.on("message", (data) => this.take(JSON.parse(String(data))));
      socket.on("error", () => undefined); // "close" follows
      await new Promise((resolve) => socket.once("close", resolve));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  private take(
    message: Record<string, unknown> & {
      agent_id: string;
      event_type: string;
      metadata: Record<string, unknown>;
    },
  ): void {
    const { type, seq } = message;
    if (type === "connection_established") {
      this.streamId = String(message["stream_id"]);
    } else if (type !== undefined) {
      this.faults.push(`${String(type)}: ${String(message["reason"])}`);
    } else if (seq === this.lastSeq + 1) {
      this.lastSeq = seq;
      this.onEvent(message);
    } else {
      this.faults.push(`seq ${String(seq)} after ${this.lastSeq}`);
      this.lastSeq = Math.max(this.lastSeq, Number(seq));
    }
  }
}
