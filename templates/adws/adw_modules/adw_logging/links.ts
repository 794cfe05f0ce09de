/**
 * Two ways to a writer: on a thread of its own, or, where there is none, on this
 * one. Commands go in; messages come out, also while this thread may not turn.
 *
 * Template: adw_logging 1.2.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 */
import { createRequire } from "node:module";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import {
  MessageChannel,
  receiveMessageOnPort,
  Worker,
} from "node:worker_threads";
import {
  ACTIVITY,
  NO_THREAD,
  RUNNING,
  STARTING,
  STATE,
  WORDS,
  WORK,
} from "./signals.ts";
import { RowWriter } from "./writer.ts";
import type { WriterCommand, WriterMessage } from "./writer.ts";

export interface WriterLink {
  send(command: WriterCommand): void;
  /** The next message, if there is one. */
  receive(): WriterMessage | undefined;
  /** Another number after each message. */
  activity(): number;
  /** Blocks until the activity is not `seen` any more: true; or for so long: false. */
  wait(seen: number, milliseconds: number): boolean;
  state(): "starting" | "running" | "gone";
  /** Makes sure that a thread which is still starting never writes. */
  takeBack(): boolean;
}

/**
 * What the thread runs first. Node >= 22.18 reads TypeScript by itself; tsx does
 * it on older ones, but not in threads unless it is asked to.
 */
const BOOT = `(async () => {
  const { workerData } = await import("node:worker_threads");
  const { signals, tsx, url } = workerData;
  try {
    if (tsx) (await import(tsx)).register();
    await import(url);
  } catch (error) {
    Atomics.compareExchange(signals, ${String(STATE)}, ${String(STARTING)}, ${String(NO_THREAD)});
    Atomics.notify(signals, ${String(ACTIVITY)});
    throw error;
  }
})()`;

export class ThreadLink implements WriterLink {
  readonly #signals = new Int32Array(
    new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT),
  );
  readonly #port;

  /**
   * @param onMessage called when messages wait to be received
   * @param onGone called when the thread cannot start, or has ended
   */
  constructor(
    path: string,
    onMessage: (message: WriterMessage) => void,
    onGone: (error: unknown) => void,
  ) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on("message", onMessage);
    port1.unref();
    const url = new URL(`./thread${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(BOOT, {
      eval: true,
      name: "adw_logging",
      stdout: true,
      stderr: true,
      workerData: {
        path,
        port: port2,
        signals: this.#signals,
        tsx: url.href.endsWith(".ts") ? tsxForThreads() : undefined,
        url: url.href,
      },
      transferList: [port2],
    });
    // A finished workflow ends; what waits is written at its exit.
    worker.unref();
    worker.on("error", onGone);
    worker.on("exit", () => {
      onGone(new Error("the thread has ended"));
    });
  }

  send(command: WriterCommand): void {
    this.#port.postMessage(command, []);
    Atomics.add(this.#signals, WORK, 1);
    Atomics.notify(this.#signals, WORK);
  }

  receive(): WriterMessage | undefined {
    return receiveMessageOnPort(this.#port)?.message as
      WriterMessage | undefined;
  }

  activity(): number {
    return Atomics.load(this.#signals, ACTIVITY);
  }

  wait(seen: number, milliseconds: number): boolean {
    return (
      Atomics.wait(this.#signals, ACTIVITY, seen, milliseconds) !== "timed-out"
    );
  }

  state(): ReturnType<WriterLink["state"]> {
    const state = Atomics.load(this.#signals, STATE);
    if (state === STARTING) return "starting";
    return state === RUNNING ? "running" : "gone";
  }

  takeBack(): boolean {
    Atomics.compareExchange(this.#signals, STATE, STARTING, NO_THREAD);
    return this.state() === "gone";
  }
}

/** The module of tsx that a thread needs; undefined where Node reads TypeScript. */
function tsxForThreads(): string | undefined {
  if ("typescript" in process.features && process.features.typescript) return;
  const given = process.execArgv.find((option) =>
    /\/tsx\/.*loader/.test(option),
  );
  try {
    const loader =
      given?.replace(/^--import=/, "") ??
      pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
    return new URL("./esm/api/index.mjs", loader).href;
  } catch {
    return undefined; // then the thread does not start, and says why
  }
}

/** Writes while it is told to: nothing is lost, but a slow disk is waited for. */
export class InlineLink implements WriterLink {
  readonly #writer: RowWriter;
  readonly #messages: WriterMessage[] = [];
  readonly #onMessages: () => void;
  #retry: NodeJS.Timeout | undefined;

  constructor(path: string, onMessages: () => void) {
    this.#writer = new RowWriter(path, (message) => {
      this.#messages.push(message);
    });
    this.#onMessages = onMessages;
  }

  send(command: WriterCommand): void {
    this.#writer.handle(command);
    clearTimeout(this.#retry);
    if (command.type === "open" || command.type === "rows") this.#work();
  }

  receive(): WriterMessage | undefined {
    return this.#messages.shift();
  }

  activity(): number {
    return 0;
  }

  wait(): boolean {
    return false;
  }

  state(): "running" {
    return "running";
  }

  takeBack(): boolean {
    return false;
  }

  #work(): void {
    let wait: number;
    do {
      wait = this.#writer.step();
    } while (wait === 0);
    if (wait === Infinity) return;
    this.#retry = setTimeout(() => {
      this.#work();
      this.#onMessages();
    }, wait).unref();
  }
}
