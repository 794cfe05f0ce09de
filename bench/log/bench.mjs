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
import { formatTarget } from "../shared/table.mjs";
import { prepareModules } from "./prepare.mjs";
import { bareInserter, createDatabase, DETAILS, fill } from "./rows.mjs";

const PROCESS = fileURLToPath(new URL("process.mjs", import.meta.url));
const MEBIBYTE = 1_048_576;
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
  const loop = "logAgentEvent in a loop, against one transaction";
  await compare(`${loop} a row`, log(false), bare("row"), 0.5);
  await compare(`${loop} for all rows`, log(false), bare("all"), 0.8);
  const ticks = "logAgentEvent a row a tick, against one transaction a tick";
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
    `\nFrom logAgentEvent in one process to the watcher in another, ${delays.length} of ${bench.samples} rows: median ${quantile(delays, 0.5).toFixed(2)} ms (target < 5), p99 ${quantile(delays, 0.99).toFixed(2)} ms (target < 50)`,
  );
  console.log(
    `Watching while nobody writes: ${((user + system) / 10 / idleMs).toFixed(2)} % of a core (target < 0.5)`,
  );
}

// --- Replay and memory -------------------------------------------------------

/** Server, reader and client are started once, so that all of them are warm. */
async function compareReplay(bench) {
  const { url } = bench;
  const path = newFile(bench);
  const agentId = createDatabase(bench.modules, path);
  const few = bench.events / 10;
  fill(bench.modules, path, agentId, few);
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

  const short = await server.perform({ task: "usage" });
  server.end();
  fill(bench.modules, path, agentId, bench.events - few);
  const again = new Helper();
  const long = await again.perform({ task: "server", url, path });
  for (let round = 0; round < 6; round += 1) {
    await client.perform({ task: "client", port: long.port, events: few + 1 });
  }
  const { rss } = await again.perform({ task: "usage" });
  again.end();
  client.end();
  console.log(
    `Resident memory of the server after serving ${few} events six times: ${mebibytes(short.rss)} with ${few} events stored, ${mebibytes(rss)} with ${bench.events}`,
  );
}

const rate = ({ events, ms }) => events / (ms / 1000);
const mebibytes = (bytes) => `${Math.round(bytes / MEBIBYTE)} MiB`;

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
