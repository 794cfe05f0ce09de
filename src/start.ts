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

const [, , first = ""] = process.argv;
const program = PROGRAMS.get(first);
loadCompiled(
  `${__dirname}/${program ?? "all"}.cjs`,
  program === undefined ? "all" : first,
);
