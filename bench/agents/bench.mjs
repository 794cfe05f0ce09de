/**
 * What `adw-scaffold watch` costs: how fast it reads transcripts, against counting
 * the lines and parsing each; what memory a gigabyte takes; and what it uses while
 * 2,000 transcripts lie there and nothing happens.
 *
 * It needs Node 22.13 or later: this one, or the one in build/nodes/ that the tests
 * have got from npm.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, pairedRatio } from "../shared/statistics.mjs";
import { formatLimit, formatTarget } from "../shared/table.mjs";
import { measureHooks } from "./hook-cost.mjs";
import { writeTranscripts } from "./transcripts.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CLI = join(ROOT, "dist/cli.js");
const PARSE = fileURLToPath(new URL("parse.mjs", import.meta.url));
const MEGABYTE = 1e6;
/** The whole way into the database may take so many times the processor time of parsing the lines. */
const MOST_TIMES_PARSING = 5;
const MOST_MEMORY_MB = 400;
const MOST_IDLE_PERCENT = 1;
const IDLE_FILES = 2_000;

export async function run({ quick, rounds }) {
  const node = currentNode();
  if (node === undefined) {
    console.log("\nagents: left out, because there is no Node >= 22.13 here\n");
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "adw-bench-"));
  const bench = { node, folder, homes: 0 };
  try {
    console.log(`\nThe agents' transcripts, by Node ${versionOf(node)}\n`);
    await compareReading(bench, {
      bytes: (quick ? 20 : 200) * MEGABYTE,
      rounds: Number(rounds ?? (quick ? 1 : 5)),
    });
    await measureMemory(bench, (quick ? 50 : 1_000) * MEGABYTE);
    await measureIdle(bench, quick ? 5_000 : 60_000);
    measureHooks({
      root: ROOT,
      folder,
      calls: quick ? 10 : 50,
      rounds: Number(rounds ?? (quick ? 1 : 5)),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// --- Reading ---------------------------------------------------------------

async function compareReading(bench, { bytes, rounds }) {
  const home = newHome(bench);
  const files = writeTranscripts(home, { bytes, files: 50 });
  const [own, parsing] = [[], []];
  for (let round = 0; round < rounds; round++) {
    parsing.push(await cpuTime(() => parse(bench, files)));
    forgetState(home);
    own.push(await cpuTime(() => readOnce(bench, home)));
  }
  const rate = (values) =>
    (bytes / MEGABYTE / (median(values) / 1_000)).toFixed(0);
  console.log(
    `${formatTarget("reading into the database, against wc -l and JSON.parse of every line, in processor time", pairedRatio(own, parsing), MOST_TIMES_PARSING, { atMost: true })}; ${rate(own)} MB against ${rate(parsing)} MB a second of it`,
  );
  const again = await cpuTime(() => readOnce(bench, home));
  console.log(
    `        a start that finds nothing new: ${(again / 1_000).toFixed(2)} s of processor time`,
  );
}

function parse({ node }, files) {
  spawnSync("wc", ["-l", ...files]);
  const { status, stderr } = spawnSync(node, [PARSE, ...files]);
  if (status !== 0) throw new Error(String(stderr));
}

async function readOnce(bench, home) {
  const child = start(bench, home, ["--once", "--json"]);
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`watch --once ended with ${code}`);
}

// --- Memory ----------------------------------------------------------------

async function measureMemory(bench, bytes) {
  const home = newHome(bench);
  // Half of it in one file, which must not be held as a whole.
  writeTranscripts(home, { bytes: bytes / 2, files: 1 });
  writeTranscripts(home, { bytes: bytes / 2, files: 4, first: 1 });
  const child = start(bench, home, ["--once", "--json"]);
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, statusOf(child.pid, "VmHWM"));
  }, 50);
  await once(child, "exit");
  clearInterval(timer);
  rmSync(home, { recursive: true });
  if (peak === 0) {
    console.log("        memory: this system does not tell");
    return;
  }
  console.log(
    formatLimit(
      `memory at most, while it reads ${(bytes / MEGABYTE).toFixed(0)} MB, half of it in one file`,
      (peak * 1_024) / MEGABYTE,
      MOST_MEMORY_MB,
      "MB",
    ),
  );
}

// --- Idle ------------------------------------------------------------------

async function measureIdle(bench, milliseconds) {
  const home = newHome(bench);
  writeTranscripts(home, { bytes: 20 * MEGABYTE, files: IDLE_FILES });
  const child = start(bench, home, ["--port", "0"]);
  let output = "";
  for await (const text of child.stdout.setEncoding("utf8")) {
    output += text;
    if (output.includes("shown live")) break;
  }
  // What was read settles.
  await pause(15_000);
  const before = cpuOf(child.pid);
  await pause(milliseconds);
  const used = cpuOf(child.pid) - before;
  child.kill("SIGTERM");
  await once(child, "exit");
  if (Number.isNaN(used)) {
    console.log("        idle: this system does not tell");
    return;
  }
  console.log(
    formatLimit(
      `idle, with ${IDLE_FILES} transcripts`,
      (used / milliseconds) * 100,
      MOST_IDLE_PERCENT,
      "% of a core",
    ),
  );
}

// --- Processes -------------------------------------------------------------

function start({ node }, home, parameters) {
  return spawn(node, [CLI, "watch", ...parameters], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home },
    stdio: ["ignore", "pipe", "ignore"],
  }).on("error", (error) => {
    throw error;
  });
}

function newHome(bench) {
  bench.homes += 1;
  return join(bench.folder, `home-${bench.homes}`);
}

function forgetState(home) {
  rmSync(join(home, ".local"), { recursive: true, force: true });
}

/** Milliseconds of processor time that the children took; on the clock where the system does not tell. */
async function cpuTime(work) {
  const [before, started] = [cpuOf("self", CHILDREN), performance.now()];
  await work();
  const used = cpuOf("self", CHILDREN) - before;
  return Number.isNaN(used) ? performance.now() - started : used;
}

function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** Kilobytes, as Linux tells them; 0 elsewhere. */
function statusOf(pid, name) {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Where /proc/<pid>/stat has the user time, after the name; the system time follows. */
const OWN = 11;
const CHILDREN = 13;

/** Milliseconds of processor time, all threads; NaN where the system does not tell. */
function cpuOf(pid, at = OWN) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    // In ticks of 10 ms.
    return (Number(fields[at]) + Number(fields[at + 1])) * 10;
  } catch {
    return Number.NaN;
  }
}

function currentNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 13)) return process.execPath;
  return ["24", "22"]
    .map((each) =>
      join(ROOT, "build/nodes", each, "node_modules/node/bin/node"),
    )
    .find((binary) => existsSync(binary));
}

function versionOf(node) {
  return spawnSync(node, ["-p", "process.versions.node"])
    .stdout.toString()
    .trim();
}
