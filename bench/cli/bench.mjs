/**
 * How long does a whole run take, from starting the process to its end?
 *
 * Bare node is the floor: everything above it is the program's own. The peers
 * generate something comparable; see contenders.mjs. Nothing is kept from one run
 * to the next: the first is like the later ones.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, pairedRatio } from "../shared/statistics.mjs";
import { formatTable, formatTarget } from "../shared/table.mjs";
import { CONTENDERS, installPeers } from "./contenders.mjs";

const FLOOR = "node";
const OURS = "adw";

/** Most that these may take, as a multiple of bare node. */
const LIMITS = { adw: 3, "adw-check": 3 };
/** They write one file from one template: this tool is to be well ahead of them. */
const SLOWER = ["hygen", "plop"];

/** As a user's shell has it, less what makes every start of Node slower. */
const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env;
const env = { ...environment, NO_COLOR: "1", CI: "1" };

export async function run({ quick, rounds }) {
  installPeers();
  const times = new Map(Object.keys(CONTENDERS).map((name) => [name, []]));
  const count = Number(rounds ?? (quick ? 3 : 25));
  for (let round = -1; round < count; round += 1) {
    for (const [name, contender] of Object.entries(CONTENDERS)) {
      const milliseconds = await runOnce(name, contender);
      // The round before the first fills the file system's cache.
      if (round >= 0) times.get(name).push(milliseconds);
    }
  }
  report(times, count);
}

/** Milliseconds for one run in a project of its own. */
async function runOnce(name, contender) {
  const { parameters, prepare, result, says = "" } = contender;
  const folder = await mkdtemp(join(tmpdir(), "adw-bench-"));
  try {
    await writeFile(
      join(folder, "package.json"),
      `${JSON.stringify({ name: "bench", version: "1.0.0", private: true }, null, 2)}\n`,
    );
    await prepare?.(folder);
    const started = performance.now();
    const { status, stdout, stderr } = spawnSync(process.execPath, parameters, {
      cwd: folder,
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    const milliseconds = performance.now() - started;
    if (
      status !== 0 ||
      !stdout.includes(says) ||
      (result !== undefined && !existsSync(join(folder, result)))
    ) {
      throw new Error(`${name} failed (${status}): ${stderr}`);
    }
    return milliseconds;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function report(times, count) {
  console.log(
    `\nStart to end of one run, ${count} rounds: milliseconds on the clock, and how many times bare node\n`,
  );
  console.log(
    formatTable(
      ["", "median", "fastest", "× node", "× node, middle half"],
      Object.entries(CONTENDERS).map(([name, { title }]) => {
        const ratio = pairedRatio(times.get(name), times.get(FLOOR));
        return [
          title,
          `${median(times.get(name)).toFixed(0)} ms`,
          `${Math.min(...times.get(name)).toFixed(0)} ms`,
          ratio.median.toFixed(2),
          `${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}`,
        ];
      }),
    ),
  );
  console.log("\nTargets\n");
  for (const [name, limit] of Object.entries(LIMITS)) {
    const ratio = pairedRatio(times.get(name), times.get(FLOOR));
    const what = `${CONTENDERS[name].title}, × bare node`;
    console.log(formatTarget(what, ratio, limit, { atMost: true }));
  }
  for (const name of SLOWER) {
    const ratio = pairedRatio(times.get(name), times.get(OURS));
    const { title } = CONTENDERS[name];
    console.log(formatTarget(`${title}, × adw-scaffold add`, ratio, 1));
  }
}
