/**
 * Side-by-side benchmarks: every figure is a ratio from one run on one machine.
 *
 *   npm run bench                 all of them
 *   npm run bench -- fanout       one; see BENCHES
 *   npm run bench -- --quick      fewer rounds: a smoke test, not a measurement
 *
 * A new benchmark is a module that exports `run(options)` and one entry here.
 */
import { parseArgs } from "node:util";
import { describeMachine } from "./shared/machine.mjs";

const BENCHES = {
  fanout: {
    summary: "the rendered server against ws, socket.io and raw TCP",
    load: () => import("./fan-out/bench.mjs"),
  },
  cli: {
    summary:
      "adw-scaffold add and check against bare node, hygen, plop and create-vite",
    load: () => import("./cli/bench.mjs"),
  },
  log: {
    summary: "logging, latency and replay against bare SQLite",
    load: () => import("./log/bench.mjs"),
  },
  agents: {
    summary:
      "reading transcripts, its memory, the cost of idling, and what hooks cost an agent",
    load: () => import("./agents/bench.mjs"),
  },
};

const OPTIONS = {
  quick: { type: "boolean", default: false },
  rounds: { type: "string" },
  /** fanout: another rendered adw_websockets.ts than the default sample. */
  module: { type: "string" },
  /** fanout: only these numbers of clients, such as 1,100. */
  clients: { type: "string" },
  /** log: length of the stored history, 1000000 by default. */
  events: { type: "string" },
  /** fanout: write a CPU profile of every server into this folder. */
  "cpu-prof": { type: "string" },
  help: { type: "boolean", default: false },
};

function usage() {
  const names = Object.entries(BENCHES).map(
    ([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`,
  );
  return `npm run bench -- [name…] [--quick] [--rounds n] [--clients 1,100] [--events n] [--module file.ts] [--cpu-prof folder]\n\n${names.join("\n")}\n`;
}

const { values: options, positionals } = parseArgs({
  options: OPTIONS,
  allowPositionals: true,
});
const unknown = positionals.find((name) => !Object.hasOwn(BENCHES, name));
if (options.help) {
  process.stdout.write(usage());
} else if (unknown !== undefined) {
  process.stderr.write(`unknown benchmark "${unknown}"\n\n${usage()}`);
  process.exitCode = 2;
} else {
  console.log(describeMachine());
  const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
  for (const name of names) {
    const { run } = await BENCHES[name].load();
    await run(options);
  }
}
