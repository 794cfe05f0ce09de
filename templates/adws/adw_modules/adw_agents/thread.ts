/**
 * The service on a thread of its own. This file is both its ends: `startThread`
 * starts it, and what runs in it is at the bottom.
 *
 * Template: adw_agents 1.3.0
 */
import { extname } from "node:path";
import { parentPort, Worker, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { tsxForThreads } from "../adw_logging.ts";
import { messageOf } from "../adw_stderr.ts";
import { AgentService } from "./service.ts";
import type { AgentsStats, ServiceEvents, ServiceOptions } from "./service.ts";
import type { AgentSession } from "./sessions.ts";
import type { Progress } from "./transcripts.ts";

/** A thread that has died is started anew after this. */
const RESTART_MS = 1_000;
/** How long the end waits for what is being stored. */
const STOP_MS = 5_000;

/** The service, wherever it runs. */
export interface Running {
  /** Resolves when what lay there at the start is stored. */
  ready: Promise<void>;
  sessions: () => Promise<AgentSession[]>;
  stats: () => Promise<AgentsStats>;
  stop: () => Promise<void>;
}

/** On this thread. @throws what opening the database or the spool throws */
export function startHere(
  options: ServiceOptions,
  events: ServiceEvents,
): Promise<Running> {
  return Promise.resolve().then(() => {
    const service = new AgentService(options, events);
    const ready = service.start();
    const sessions = () => Promise.resolve(service.sessions());
    const stats = () => Promise.resolve(service.stats());
    return { ready, sessions, stats, stop: () => service.stop() };
  });
}

interface Answers {
  sessions: AgentSession[];
  stats: AgentsStats;
  stop: undefined;
}
interface Question {
  id: number;
  ask: keyof Answers;
}

/** What the thread tells. */
type Told =
  | { type: "started" | "ready" }
  | { type: "commit"; stats: AgentsStats }
  | { type: "failed" | "report"; problem: string }
  | { type: "progress"; progress: Progress }
  | { type: "answer"; id: number; value: unknown; problem?: string };

/**
 * What the thread runs first. Node >= 22.18 reads TypeScript by itself; tsx does
 * it on older ones, but not in threads unless it is asked to.
 */
const BOOT = `(async () => {
  const { workerData } = await import("node:worker_threads");
  const { tsx, url } = workerData.adwAgents;
  if (tsx) (await import(tsx)).register();
  await import(url);
})()`;

/** On a thread. @throws what opening the database throws, or why there can be no thread */
export async function startThread(
  options: ServiceOptions,
  events: ServiceEvents,
): Promise<Running> {
  const thread = new ServiceThread(options, events);
  await thread.started;
  return thread;
}

interface Deferred {
  resolve: () => void;
  reject: (error: Error) => void;
}

function defer(): [Promise<void>, Deferred] {
  let deferred: Deferred | undefined;
  const promise = new Promise<void>((resolve, reject) => {
    deferred = { resolve, reject };
  });
  if (deferred === undefined)
    throw new Error("a promise runs its body at once");
  return [promise, deferred];
}

class ServiceThread implements Running {
  readonly #options: ServiceOptions;
  readonly #events: ServiceEvents;
  readonly #questions = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  readonly started: Promise<void>;
  readonly ready: Promise<void>;
  readonly #startup: Deferred;
  readonly #readiness: Deferred;
  #worker: Worker;
  #asked = 0;
  #isStarted = false;
  #isLost = false;
  #isStopping = false;

  constructor(options: ServiceOptions, events: ServiceEvents) {
    this.#options = options;
    this.#events = events;
    [this.started, this.#startup] = defer();
    [this.ready, this.#readiness] = defer();
    // Nobody may wait for it.
    this.ready.catch(() => undefined);
    this.#worker = this.#start();
  }

  readonly sessions = () => this.#ask("sessions");
  readonly stats = () => this.#ask("stats");
  readonly stop = async () => {
    this.#isStopping = true;
    // One that is gone, or waits for a disk, is not waited for.
    const late = setTimeout(() => {
      this.#lose("it does not answer");
    }, STOP_MS);
    await this.#ask("stop").catch(() => undefined);
    clearTimeout(late);
    await this.#worker.terminate();
  };

  #start(): Worker {
    const url = new URL(`./thread${extname(import.meta.url)}`, import.meta.url);
    const tsx = url.href.endsWith(".ts") ? tsxForThreads() : undefined;
    const worker = new Worker(BOOT, {
      eval: true,
      name: "adw_agents",
      workerData: { adwAgents: { options: this.#options, tsx, url: url.href } },
    });
    worker.on("message", (told: Told) => {
      this.#hear(told);
    });
    worker.on("error", (error) => {
      this.#lose(messageOf(error));
    });
    worker.on("exit", () => {
      this.#lose("the thread has ended");
    });
    return worker;
  }

  #hear(told: Told): void {
    switch (told.type) {
      case "started":
        this.#isStarted = true;
        this.#startup.resolve();
        return;
      case "ready":
        this.#readiness.resolve();
        return;
      case "commit":
        this.#events.onCommit(told.stats);
        return;
      case "failed":
        this.#fail(new Error(told.problem));
        return;
      case "report":
        this.#events.report(told.problem);
        return;
      case "progress":
        this.#events.onProgress(told.progress);
        return;
      case "answer": {
        const question = this.#questions.get(told.id);
        this.#questions.delete(told.id);
        if (told.problem === undefined) question?.resolve(told.value);
        else question?.reject(new Error(told.problem));
      }
    }
  }

  #fail(error: Error): void {
    this.#startup.reject(error);
    this.#readiness.reject(error);
  }

  /** What it had not stored lies in the spool and in the transcripts still. */
  #lose(why: string): void {
    for (const { reject } of this.#questions.values()) reject(new Error(why));
    this.#questions.clear();
    if (this.#isStopping) return;
    if (!this.#isStarted) {
      this.#fail(new Error(why));
      return;
    }
    if (this.#isLost) return;
    this.#isLost = true;
    this.#events.report(
      `What agents say is not taken: ${why}. It starts again`,
    );
    setTimeout(() => {
      this.#isLost = false;
      if (!this.#isStopping) this.#worker = this.#start();
    }, RESTART_MS).unref();
  }

  #ask<Ask extends keyof Answers>(ask: Ask): Promise<Answers[Ask]>;
  #ask(ask: keyof Answers): Promise<unknown> {
    if (this.#isLost)
      return Promise.reject(new Error("the thread starts again"));
    this.#asked += 1;
    const question: Question = { id: this.#asked, ask };
    return new Promise((resolve, reject) => {
      this.#questions.set(question.id, { resolve, reject });
      this.#worker.postMessage(question, []);
    });
  }
}

// ------------------------------------------------------- what the thread runs

async function runThread(
  port: MessagePort,
  options: ServiceOptions,
): Promise<void> {
  const tell = (told: Told) => {
    port.postMessage(told);
  };
  const report = (problem: string) => {
    tell({ type: "report", problem });
  };
  const service = new AgentService(options, {
    report,
    onCommit: (stats) => {
      tell({ type: "commit", stats });
    },
    onProgress: (progress) => {
      tell({ type: "progress", progress });
    },
  });
  port.on("message", ({ id, ask }: Question) => {
    void (async () => {
      try {
        tell({ type: "answer", id, value: await service[ask]() });
      } catch (error) {
        tell({ type: "answer", id, value: null, problem: messageOf(error) });
      }
    })();
  });
  tell({ type: "started" });
  await service.start();
  tell({ type: "ready" });
}

interface ThreadData {
  adwAgents: { options: ServiceOptions };
}

function isThreadData(data: unknown): data is ThreadData {
  return typeof data === "object" && data !== null && "adwAgents" in data;
}

const data: unknown = workerData;
if (parentPort !== null && isThreadData(data)) {
  const port = parentPort;
  runThread(port, data.adwAgents.options).catch((error: unknown) => {
    port.postMessage({ type: "failed", problem: messageOf(error) });
    port.close();
  });
}
