/**
 * What the log costs, and what it gives: rows a second against bare SQLite, how
 * soon another process sees a row, how fast a history is replayed, and what
 * memory a server takes with a long one.
 */
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, pairedRatio, quantile } from "../shared/statistics.mjs";
import { formatLimit, formatTarget } from "../shared/table.mjs";
import { prepareModules } from "./prepare.mjs";
import { bareInserter, createDatabase, DETAILS, fill } from "./rows.mjs";

const PROCESS = fileURLToPath(new URL("process.mjs", import.meta.url));
const MEBIBYTE = 1_048_576;
const MEMORY_SAMPLES = 5;
const turn = () => new Promise((resolve) => setImmediate(resolve));

export async function run({ quick, rounds, events }) {
  const bench = {
    ...(await prepareModules()),
    folder: mkdtempSync(join(tmpdir(), "adw-bench-")),
    rounds: Number(rounds ?? (quick ? 3 : 9)),
    rows: quick ? 4000 : 20_000,
    events: Number(events ?? (quick ? 50_000 : 1_000_000)),
    samples: quick ? 200 : 2000,
    files: 0,
  };
  try {
    bench.modules = await import(bench.url);
    console.log(
      `\nThe log: ${bench.driver}, ${bench.rounds} rounds of ${bench.rows} rows, triggers included on both sides\n`,
    );
    await compareWriting(bench);
    await measureLatency(bench);
    await compareReplay(bench);
  } finally {
    rmSync(bench.folder, { recursive: true, force: true });
  }
}

function newFile(bench) {
  bench.files += 1;
  return join(bench.folder, `${bench.files}.db`);
}

// --- Writing ---------------------------------------------------------------

async function compareWriting(bench) {
  const log = (yielding) => () => logged(bench, yielding);
  const bare = (how) => () => inserted(bench, how);
  const compare = async (what, ours, theirs, target) => {
    const [own, others] = await pairs(bench.rounds, ours, theirs);
    const verdict = formatTarget(what, pairedRatio(own, others), target);
    const rates = [own, others].map((values) => Math.round(median(values)));
    console.log(`${verdict}; ${rates.join(" rows/s against ")}`);
  };
  const loop = "logAgentEvent in a loop, against bare inserts";
  await compare(`${loop}, a transaction a row`, log(false), bare("row"), 0.5);
  await compare(`${loop} in one transaction`, log(false), bare("all"), 0.8);
  const ticks = "logAgentEvent a row a tick, against a bare insert a tick";
  await compare(ticks, log(true), bare("tick"), 0.5);
}

/** Both sides in every round, by turns first; the round before the first warms up. */
async function pairs(rounds, ours, theirs) {
  const own = [];
  const others = [];
  for (let round = -1; round < rounds; round += 1) {
    const order = round % 2 === 0 ? [ours, theirs] : [theirs, ours];
    for (const side of order) {
      const result = await side();
      if (round >= 0) (side === ours ? own : others).push(result);
    }
  }
  return [own, others];
}

/** Rows a second through logAgentEvent, until they are committed. */
async function logged({ modules, rows, ...bench }, yielding) {
  const path = newFile(bench);
  const agentId = createDatabase(modules, path);
  modules.initLogging({ path });
  // The thread that writes starts once a run, whatever is logged: not counted.
  modules.logSystemEvent("bench", "first row");
  if (!(await modules.flushLogging(60_000))) throw new Error("not started");
  const start = performance.now();
  for (let row = 0; row < rows; row += 1) {
    modules.logAgentEvent(
      agentId,
      "tool_call",
      `Read file number ${row}`,
      DETAILS,
    );
    if (yielding) await turn();
  }
  if (!(await modules.flushLogging(60_000))) throw new Error("not committed");
  const seconds = (performance.now() - start) / 1000;
  await modules.closeLogging();
  rmSync(path);
  return rows / seconds;
}

/** The same rows by bare prepared inserts. */
async function inserted({ modules, rows, ...bench }, how) {
  const path = newFile(bench);
  const agentId = createDatabase(modules, path);
  const { connection, insert } = bareInserter(modules, path, agentId);
  const start = performance.now();
  if (how === "all") connection.exec("BEGIN IMMEDIATE");
  for (let row = 0; row < rows; row += 1) {
    insert(row);
    if (how === "tick") await turn();
  }
  if (how === "all") connection.exec("COMMIT");
  const seconds = (performance.now() - start) / 1000;
  connection.close();
  rmSync(path);
  return rows / seconds;
}

// --- From one process to another --------------------------------------------

async function measureLatency(bench) {
  const path = newFile(bench);
  const agentId = createDatabase(bench.modules, path);
  const database = bench.modules.openDatabase({ path });
  const delays = [];
  let since = database.events.lastSeq;
  const watch = database.watch(() => {
    const now = performance.timeOrigin + performance.now();
    for (const { seq, json } of database.events.read(since, 1000)) {
      since = seq;
      delays.push(now - JSON.parse(json).metadata.sent_at);
    }
  });
  const writer = new Helper();
  await writer.perform({
    task: "writer",
    url: bench.url,
    path,
    agentId,
    rows: bench.samples,
    pauseMs: 3,
  });
  writer.end();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const cpu = process.cpuUsage();
  const idleMs = bench.samples > 500 ? 10_000 : 2000;
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  const { user, system } = process.cpuUsage(cpu);
  watch.close();
  database.close();
  console.log(
    `\nFrom logAgentEvent in one process to the watcher in another, ${delays.length} of ${bench.samples} rows`,
  );
  if (delays.length < bench.samples) throw new Error("rows were not noticed");
  const from = "from the call to the watcher";
  console.log(formatLimit(`${from}, median`, quantile(delays, 0.5), 5, "ms"));
  console.log(formatLimit(`${from}, p99`, quantile(delays, 0.99), 50, "ms"));
  const idle = (user + system) / 10 / idleMs;
  console.log(
    formatLimit("watching while nobody writes", idle, 0.5, "% of a core"),
  );
}

// --- Replay and memory -------------------------------------------------------

async function compareReplay(bench) {
  const { url } = bench;
  const path = newFile(bench);
  const agentId = createDatabase(bench.modules, path);
  const few = bench.events / 10;
  fill(bench.modules, path, agentId, few);
  // Server, reader and client are started once here, so that all of them are warm.
  const [server, reader, client] = [0, 1, 2].map(() => new Helper());
  const { port } = await server.perform({ task: "server", url, path });
  const replay = () =>
    client.perform({ task: "client", port, events: few + 1 });
  const cpu = { sent: [], read: [] };
  /** Events a second by the clock; notes the CPU time an event takes `helper`. */
  const timed = async (helper, figures, work) => {
    const before = await helper.perform({ task: "usage" });
    const result = await work();
    const after = await helper.perform({ task: "usage" });
    figures.push(((after.cpuMs - before.cpuMs) * 1000) / result.events);
    return rate(result);
  };
  const [sent, read] = await pairs(
    Math.min(bench.rounds, 5),
    () => timed(server, cpu.sent, replay),
    () =>
      timed(reader, cpu.read, () =>
        reader.perform({ task: "reader", url, path }),
      ),
  );
  const verdict = formatTarget(
    `replay of ${few} events to one client, against reading them`,
    pairedRatio(sent, read),
    0.5,
  );
  const rates = [sent, read].map((values) => Math.round(median(values)));
  console.log(`\n${verdict}; ${rates.join(" events/s against ")}`);
  console.log(
    `CPU time of an event: ${median(cpu.sent).toFixed(1)} µs replayed, ${median(cpu.read).toFixed(1)} µs only read, ratio ${(median(cpu.read) / median(cpu.sent)).toFixed(2)}`,
  );
  reader.end();
  server.end();
  await compareFirstReplay({ url, path, client, events: few, bench });

  const stored = { url, path, client, events: few };
  const short = await residentMemory(stored);
  fill(bench.modules, path, agentId, bench.events - few);
  const long = await residentMemory(stored);
  client.end();
  console.log(
    `\nResident memory of a server that served ${few} events six times, median of ${MEMORY_SAMPLES} servers`,
  );
  for (const [values, count] of [
    [short, few],
    [long, bench.events],
  ]) {
    const [low, middle, high] = [0, 0.5, 1].map((share) =>
      Math.round(quantile(values, share) / MEBIBYTE),
    );
    console.log(
      `  ${middle} MiB (${low} to ${high}) with ${count} events stored`,
    );
  }
  const growth = (median(long) / median(short) - 1) * 100;
  console.log(formatLimit("growth with ten times the history", growth, 5, "%"));
}

/** A new server's first replay, against what a new process reads first. */
async function compareFirstReplay({ url, path, client, events, bench }) {
  const first = (prepare, work) => async () => {
    const helper = new Helper();
    const prepared = await helper.perform({ ...prepare, url, path });
    const result = await work(helper, prepared);
    helper.end();
    return rate(result);
  };
  const [sent, read] = await pairs(
    Math.min(bench.rounds, 5),
    first({ task: "server" }, (_, { port }) =>
      client.perform({ task: "client", port, events: events + 1 }),
    ),
    first({ task: "usage" }, (helper) =>
      helper.perform({ task: "reader", url, path }),
    ),
  );
  console.log(
    formatTarget(
      "the same, the first of new processes",
      pairedRatio(sent, read),
      0.5,
    ),
  );
}

/** Of several new servers, one after the other, each after the same work. */
async function residentMemory({ url, path, client, events }) {
  const values = [];
  for (let sample = 0; sample < MEMORY_SAMPLES; sample += 1) {
    const server = new Helper();
    const { port } = await server.perform({ task: "server", url, path });
    for (let round = 0; round < 6; round += 1) {
      await client.perform({ task: "client", port, events: events + 1 });
      await server.perform({ task: "usage" });
    }
    const { rss } = await server.perform({ task: "usage" });
    values.push(rss);
    server.end();
  }
  return values;
}

const rate = ({ events, ms }) => events / (ms / 1000);

/** A process beside this one: see process.mjs. */
class Helper {
  #child = fork(PROCESS, { execArgv: ["--expose-gc"] });

  async perform(task) {
    this.#child.send(task);
    const [result] = await once(this.#child, "message");
    return result;
  }

  end() {
    this.#child.disconnect();
  }
}
