/** One contender at work: a server process and a process with its clients. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { isDeepStrictEqual } from "node:util";
import { setTimeout as delay } from "node:timers/promises";
import { CONTENDERS } from "./contenders/index.mjs";
import { AGENT_ID, EVENT_TYPE, MESSAGE, METADATA } from "./event.mjs";

/** Longest that anything here may take. */
const PATIENCE_MS = 30_000;

export class Contest {
  #name;
  #server;
  #clients;
  #address;
  #count = 0;

  /** Starts both processes; no client is connected yet. */
  static async start(name, { cpuProf, ...options }) {
    const contest = new Contest();
    contest.#name = name;
    contest.#server = fork(
      new URL("server.mjs", import.meta.url),
      [name, JSON.stringify(options)],
      {
        execArgv:
          cpuProf === undefined
            ? []
            : [
                "--cpu-prof",
                `--cpu-prof-dir=${cpuProf}`,
                `--cpu-prof-name=${name}.cpuprofile`,
              ],
      },
    );
    contest.#clients = fork(new URL("clients.mjs", import.meta.url));
    [contest.#address] = await Promise.all([
      reply(contest.#server),
      reply(contest.#clients),
    ]);
    return contest;
  }

  /** Opens clients until there are so many, on both sides. */
  async connect(count) {
    const { handshake, greeting } = CONTENDERS[this.#name];
    await ask(this.#clients, {
      type: "connect",
      count,
      handshake,
      greeting,
      ...this.#address,
    });
    const giveUpAt = performance.now() + PATIENCE_MS;
    while ((await ask(this.#server, { type: "clients" })).count !== count) {
      if (performance.now() > giveUpAt) {
        throw new Error(`${this.#name}: the server lacks clients`);
      }
      await delay(5);
    }
    this.#count = count;
  }

  /** Sends some events and checks their content at one client. */
  async verify() {
    const { texts } = await this.#run({ burst: 10, events: 20, capture: true });
    const events = texts.map((text) => readEvent(text));
    const good = events.every(
      (event, index) =>
        event.seq === events[0].seq + index &&
        event.agent_id === AGENT_ID &&
        event.event_type === EVENT_TYPE &&
        event.message === MESSAGE &&
        isDeepStrictEqual(event.metadata, METADATA),
    );
    if (events.length !== 20 || !good) {
      throw new Error(`${this.#name} delivered something else: ${texts[0]}`);
    }
    return texts[0];
  }

  /**
   * Sends bursts for a while and waits until every client has every event.
   *
   * @returns {Promise<{ cpu: number, wall: number, deliveries: number }>}
   * microseconds per delivered event: CPU time of the server process, and time on
   * the clock
   */
  async measure(burst, milliseconds) {
    const { sent, startedAt, finishedAt } = await this.#run({
      burst,
      milliseconds,
    });
    const { microseconds } = await ask(this.#server, { type: "cpu" });
    const deliveries = sent * this.#count;
    return {
      cpu: microseconds / deliveries,
      wall: ((finishedAt - startedAt) * 1000) / deliveries,
      deliveries,
    };
  }

  async stop() {
    await Promise.all(
      [this.#clients, this.#server].map(async (child) => {
        const exited = once(child, "exit");
        child.send({ type: "exit" });
        await exited;
      }),
    );
  }

  async #run({ burst, milliseconds = PATIENCE_MS, events, capture = false }) {
    // Enough under way to keep both sides busy, little enough for the kernel's buffers.
    const ahead = Math.min(600, Math.max(100, 20_000 / this.#count));
    const acknowledgeEvery = ahead / 2;
    await ask(this.#clients, { type: "start", acknowledgeEvery, capture });
    const { sent, startedAt } = await ask(this.#server, {
      type: "send",
      burst,
      milliseconds,
      events,
      ahead,
      acknowledgeEvery,
    });
    const { wrong, finishedAt, texts } = await ask(this.#clients, {
      type: "await",
      events: sent,
    });
    if (wrong > 0) {
      throw new Error(`${this.#name}: ${wrong} clients miss events`);
    }
    return { sent, startedAt, finishedAt, texts };
  }
}

/** socket.io wraps the event: 42["event",{…}] */
function readEvent(text) {
  return text.startsWith("42")
    ? JSON.parse(text.slice(2))[1]
    : JSON.parse(text);
}

function ask(child, request) {
  const answer = reply(child);
  child.send(request);
  return answer;
}

async function reply(child) {
  const [answer] = await once(child, "message", {
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer;
}
