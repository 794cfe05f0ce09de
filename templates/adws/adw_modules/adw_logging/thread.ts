/**
 * The thread that writes: it takes rows, waits for locks and disks, and says what
 * came of them. This file is both its ends: `WriterThread` starts it, and what
 * runs in it is at the bottom.
 *
 * Template: adw_logging 1.3.0, rendered by adw-scaffold.
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
  workerData,
} from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { RowWriter } from "./writer.ts";
import type { RowBatch, WriterMessage } from "./writer.ts";

/** How long the thread may take to start before rows are written without it. */
const START_TIMEOUT_MS = 20_000;

/** Words of the memory that both ends share: a state, and how many messages each end was sent. */
const STATE = 0;
const TO_THREAD = 1;
const FROM_THREAD = 2;
const WORDS = 3;

const STARTING = 0;
const RUNNING = 1;
/** It writes what it was sent, and ends. */
const ENDING = 2;
/** It has ended, or must never begin: somebody else writes. */
const GONE = 3;

/**
 * What the thread runs first. Node >= 22.18 reads TypeScript by itself; tsx does
 * it on older ones, but not in threads unless it is asked to.
 */
const BOOT = `(async () => {
  const { workerData } = await import("node:worker_threads");
  const { signals, tsx, url } = workerData.adwLogging;
  try {
    if (tsx) (await import(tsx)).register();
    await import(url);
  } finally {
    Atomics.store(signals, ${String(STATE)}, ${String(GONE)});
    Atomics.add(signals, ${String(FROM_THREAD)}, 1);
    Atomics.notify(signals, ${String(FROM_THREAD)});
  }
})()`;

/** Both ends can wait for messages without an event loop. */
function post(
  port: MessagePort,
  message: RowBatch | WriterMessage,
  signals: Int32Array,
  counter: number,
): void {
  port.postMessage(message, []);
  Atomics.add(signals, counter, 1);
  Atomics.notify(signals, counter);
}

/** The end that logs. */
export class WriterThread {
  readonly #signals = new Int32Array(
    new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT),
  );
  readonly #port: MessagePort;

  /**
   * @param onMessage called with messages that nobody has received
   * @param onGone called when the thread does not start, or has ended
   */
  constructor(
    path: string,
    onMessage: (message: WriterMessage) => void,
    onGone: (error: unknown) => void,
  ) {
    const signals = this.#signals;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on("message", onMessage);
    port1.unref();
    const url = new URL(`./thread${extname(import.meta.url)}`, import.meta.url);
    const tsx = url.href.endsWith(".ts") ? tsxForThreads() : undefined;
    const worker = new Worker(BOOT, {
      eval: true,
      name: "adw_logging",
      stdout: true,
      stderr: true,
      workerData: {
        adwLogging: { path, port: port2, signals, tsx, url: url.href },
      },
      transferList: [port2],
    });
    // A finished workflow ends; what waits is written at its exit.
    worker.unref();
    worker.on("error", onGone);
    worker.on("exit", () => {
      onGone(new Error("the thread has ended"));
    });
    setTimeout(() => {
      if (this.takeBack()) onGone(new Error("it has not started"));
    }, START_TIMEOUT_MS).unref();
  }

  get state(): "starting" | "running" | "gone" {
    const state = Atomics.load(this.#signals, STATE);
    if (state === STARTING) return "starting";
    return state === GONE ? "gone" : "running";
  }

  send(batch: RowBatch): void {
    post(this.#port, batch, this.#signals, TO_THREAD);
  }

  /** Makes it write what can be written, wait for that, and close. */
  end(): void {
    Atomics.compareExchange(this.#signals, STATE, RUNNING, ENDING);
    Atomics.add(this.#signals, TO_THREAD, 1);
    Atomics.notify(this.#signals, TO_THREAD);
  }

  /** The next message, also while the event loop does not turn; waits so long for one. */
  receive(waitMs = 0): WriterMessage | undefined {
    const seen = Atomics.load(this.#signals, FROM_THREAD);
    const message = this.#take();
    if (message !== undefined || waitMs <= 0) return message;
    Atomics.wait(this.#signals, FROM_THREAD, seen, waitMs);
    return this.#take();
  }

  /** Makes sure that a thread which is still starting never writes. */
  takeBack(): boolean {
    Atomics.compareExchange(this.#signals, STATE, STARTING, GONE);
    return this.state === "gone";
  }

  #take(): WriterMessage | undefined {
    return receiveMessageOnPort(this.#port)?.message as
      WriterMessage | undefined;
  }
}

/** The module of tsx that a thread needs; undefined where Node reads TypeScript. */
export function tsxForThreads(): string | undefined {
  if ("typescript" in process.features && process.features.typescript) return;
  const given = process.execArgv
    .find((option) => /\/tsx\/.*loader/.test(option))
    ?.replace(/^--import=/, "");
  try {
    const loader = given ?? createRequire(import.meta.url).resolve("tsx");
    const isUrl = loader.startsWith("file:");
    const base = isUrl ? loader : pathToFileURL(loader).href;
    return new URL("./esm/api/index.mjs", base).href;
  } catch {
    return undefined; // then the thread does not start, and says why
  }
}

// ------------------------------------------------------- what the thread runs

interface ThreadData {
  path: string;
  port: MessagePort;
  signals: Int32Array;
}

function runThread({ path, port, signals }: ThreadData): void {
  // The other end may have stopped waiting, and write by itself.
  const state = Atomics.compareExchange(signals, STATE, STARTING, RUNNING);
  if (state !== STARTING) return;
  const tell = (message: WriterMessage) => {
    post(port, message, signals, FROM_THREAD);
  };
  const take = () =>
    receiveMessageOnPort(port)?.message as RowBatch | undefined;
  const writer = new RowWriter(path, take, tell);
  tell({ type: "started" });
  for (;;) {
    // Before looking: what comes after this look ends the wait below at once.
    const seen = Atomics.load(signals, TO_THREAD);
    if (Atomics.load(signals, STATE) === ENDING) break;
    const wait = writer.step();
    if (wait > 0) Atomics.wait(signals, TO_THREAD, seen, wait);
  }
  writer.end();
  port.close();
}

const data: unknown = workerData;
if (typeof data === "object" && data !== null && "adwLogging" in data) {
  runThread(data.adwLogging as ThreadData);
}
