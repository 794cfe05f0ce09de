/** The demo as its audience sees it: what the server sends, line by line, and counted. */
import {
  AdwWebSocketClient,
  type ClientOptions,
  type WebSocketEvent,
} from "../../templates/adws/adw_modules/adw_websocket_client.ts";
import type { FleetEvent } from "./agent.ts";

/** A server that does not greet within this time, in ms, is not the one. */
const GREETING_MS = 10_000;

/** Counts the demo's own events among all that the server sends. */
export class Audience {
  readonly #agents = new Set<string>();
  readonly #workflows = new Set<unknown>();
  readonly #show: (event: WebSocketEvent) => void;
  readonly #client: AdwWebSocketClient;
  #received = 0;
  #goal = Infinity;
  #settle: () => void = () => undefined;
  readonly #settled = new Promise<void>((resolve) => {
    this.#settle = resolve;
  });

  private constructor(
    client: AdwWebSocketClient,
    show: (event: WebSocketEvent) => void,
  ) {
    this.#client = client;
    this.#show = show;
  }

  /**
   * Connects and waits for the greeting. Undefined when the server refuses the
   * connection, or streams another database than the project's.
   */
  static async join(
    stream: ClientOptions,
    show: (event: WebSocketEvent) => void,
  ): Promise<Audience | undefined> {
    let answer: (isOurs: boolean) => void = () => undefined;
    const greeted = new Promise<boolean>((resolve) => {
      answer = resolve;
    });
    const timer = setTimeout(() => {
      answer(false);
    }, GREETING_MS);
    const client = new AdwWebSocketClient({
      ...stream,
      onStateChange: (state) => {
        if (state.status === "live") answer(state.streamId === stream.streamId);
        else if (state.status === "refused" || state.status === "resyncing")
          answer(false);
      },
    });
    const audience = new Audience(client, show);
    const watching = audience.#watch();
    const isOurs = await greeted;
    clearTimeout(timer);
    if (isOurs) return audience;
    client.close();
    await watching;
    return undefined;
  }

  async #watch(): Promise<void> {
    for await (const event of this.#client) {
      if (!this.#isOurs(event)) continue;
      this.#received += 1;
      this.#show(event);
      if (this.#received >= this.#goal) this.#settle();
    }
    this.#settle();
  }

  /** Others may log into the same project while the demo plays. */
  #isOurs({ agent_id, metadata }: WebSocketEvent): boolean {
    return agent_id === "system"
      ? this.#workflows.has(metadata["adw_id"])
      : this.#agents.has(agent_id);
  }

  /** Called with each event before it is logged. */
  expect({ agent_id, metadata }: FleetEvent): void {
    if (agent_id === "system") this.#workflows.add(metadata["adw_id"]);
    else this.#agents.add(agent_id);
  }

  /** Waits until so many have arrived, but not for ever; resolves to how many have. */
  async received(goal: number, patienceMs: number): Promise<number> {
    this.#goal = goal;
    if (this.#received >= goal) this.#settle();
    const timer = setTimeout(this.#settle, patienceMs);
    await this.#settled;
    clearTimeout(timer);
    this.#client.close();
    return this.#received;
  }
}
