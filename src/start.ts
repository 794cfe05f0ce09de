/** What the tool's command starts: the smallest file in front of the rest. */
import { loadCompiled } from "./compile-cache.ts";

/** Which program has a command that stands first, as it mostly does. */
const PROGRAMS = new Map([
  ["init", "write"],
  ["add", "write"],
  ["update", "write"],
  ["remove", "write"],
  ["check", "read"],
  ["diff", "read"],
  ["list", "read"],
  ["render", "read"],
]);

/** With these, a run ends early, and has use for few of the functions. */
const BRIEF = new Set(["--dry-run", "--help", "-h", "--version", "-v"]);

const words = process.argv.slice(2);
const [first = ""] = words;
const program = PROGRAMS.get(first);
const whole = program === undefined ? "all" : first;
loadCompiled(
  `${__dirname}/${program ?? "all"}.cjs`,
  words.some((word) => BRIEF.has(word)) ? "brief" : whole,
);
