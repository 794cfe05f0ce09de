/**
 * What hooks cost the real Claude Code: the same session with and without them, for
 * several ways to tell a server, and a server that is well, frozen or dead. Each way
 * takes its turn in every round, so that a busy machine is busy for all.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { median } from "../shared/statistics.mjs";

/** Hook events of a session with n calls: two a call, and prompt, start and stop. */
const eventsOf = (calls) => 2 * calls + 4;
const MOST_MS_AN_EVENT = 5;

const CELLS = [
  ["none", "well"],
  ["spool", "well"],
  ["spool", "frozen"],
  ["spool", "dead"],
  ["http", "well"],
  ["http", "frozen"],
  ["http", "dead"],
  ["synchronous", "well"],
  ["node", "well"],
];

const NAMES = {
  none: "no hooks",
  spool: "`hooks install` (spool)",
  http: "`hooks install --http`",
  synchronous: "a synchronous shell command",
  node: "a `node` command, as other tools install it",
};

/** @param {{ root: string, folder: string, calls: number, rounds: number }} options */
export function measureHooks({ root, folder, calls, rounds }) {
  const isRoot = process.getuid?.() === 0;
  const namespace = isRoot ? ["-n"] : ["-rn"];
  const isPossible =
    spawnSync("unshare", [...namespace, "ip", "link", "set", "lo", "up"])
      .status === 0;
  if (!isPossible) {
    console.log(
      "\nhooks: left out, because no network namespace can be made\n",
    );
    return;
  }
  const programs = join(root, "build/programs");
  const binary = `node_modules/@anthropic-ai/claude-code-${process.platform}-${process.arch}/claude`;
  if (!existsSync(join(programs, binary))) {
    mkdirSync(programs, { recursive: true });
    const { status } = spawnSync(
      "npm",
      [
        "install",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefix",
        programs,
        "@anthropic-ai/claude-code@latest",
      ],
      { stdio: "inherit" },
    );
    if (status !== 0) throw new Error("Claude Code could not be installed");
  }
  const loader = [
    "--import",
    pathToFileURL(join(root, "test/helpers/tsx/loader.mjs")).href,
  ];
  const times = new Map(CELLS.map((cell) => [cell.join(), []]));
  for (let round = 0; round < rounds; round++) {
    for (const [way, receiver] of CELLS) {
      const task = {
        way,
        receiver,
        calls: receiver === "frozen" && way === "http" ? 5 : calls,
        folder: programs,
        adws: join(root, "build/rendered/better_sqlite3/adws"),
        cli: join(root, "dist/cli.js"),
        work: mkdtempSync(join(folder, "hooks-")),
        loader,
      };
      const { stdout, stderr, status } = spawnSync(
        "unshare",
        [
          ...namespace,
          "sh",
          "-c",
          'ip link set lo up; exec "$@"',
          "sh",
          process.execPath,
          ...loader,
          join(root, "bench/agents/hook-session.ts"),
          JSON.stringify(task),
        ],
        { encoding: "utf8" },
      );
      if (status !== 0) throw new Error(`${way}, ${receiver}: ${stderr}`);
      const { code, milliseconds } = JSON.parse(stdout.trim());
      if (code !== 0) throw new Error(`Claude Code ended with ${code}`);
      times.get(`${way},${receiver}`).push({ milliseconds, calls: task.calls });
    }
  }
  const without = times.get("none,well");
  console.log(
    `\nWhat hooks cost Claude Code over ${calls} calls, ${rounds} rounds, medians\n`,
  );
  console.log("| hooks | server | a session | more for an event |");
  console.log("| --- | --- | ---: | ---: |");
  for (const [way, receiver] of CELLS) {
    const own = times.get(`${way},${receiver}`);
    const seconds = median(own.map(({ milliseconds }) => milliseconds)) / 1_000;
    const base = median(without.map(({ milliseconds }) => milliseconds));
    // A session that was cut short for its slowness begins like the others.
    const count = own[0].calls;
    const share = count === calls ? base : base * ((count + 8) / (calls + 8));
    const each = median(
      own.map(({ milliseconds }) => (milliseconds - share) / eventsOf(count)),
    );
    const word = way === "none" ? "" : `${each.toFixed(1)} ms`;
    const short = count === calls ? "" : ` (${count} calls)`;
    console.log(
      `| ${NAMES[way]} | ${way === "none" ? "" : receiver} | ${seconds.toFixed(2)} s${short} | ${word} |`,
    );
  }
  console.log(
    `\nTarget: spool, at most ${MOST_MS_AN_EVENT} ms an event, and no more when the server is frozen or dead.\n`,
  );
}
