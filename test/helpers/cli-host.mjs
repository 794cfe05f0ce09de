/**
 * Runs the built command line again and again in one process, as cli.ts asks for it:
 * to start node takes longer than most commands do. Only the entry is evaluated anew;
 * the rest of the program keeps no state between runs.
 */
import fs from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { argv } from "node:process";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";

const cli = argv[2];
let words = { 1: [], 2: [] };

// The program writes into pipes by their descriptors; libraries use the streams.
const { writeSync } = fs;
fs.writeSync = (descriptor, data, ...rest) => {
  if (descriptor !== 1 && descriptor !== 2)
    return writeSync(descriptor, data, ...rest);
  words[descriptor].push(Buffer.from(data));
  return data.length;
};
syncBuiltinESMExports();
for (const [descriptor, stream] of [
  [1, process.stdout],
  [2, process.stderr],
]) {
  // Each run listens for errors of its own.
  stream.setMaxListeners(0);
  stream.write = (data) => {
    words[descriptor].push(Buffer.from(data));
    return true;
  };
}

let runs = 0;

const require = createRequire(import.meta.url);
/** A project's prettier is this one, or there is none; it remembers configurations. */
async function forgetConfigurations() {
  const loaded = require.cache[require.resolve("prettier")];
  await loaded?.exports.clearConfigCache();
}

async function run({ parameters, cwd, env, input }) {
  words = { 1: [], 2: [] };
  for (const name of Object.keys(process.env))
    if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  process.argv = [process.execPath, cli, ...parameters];
  process.exitCode = undefined;
  Object.defineProperty(process, "stdin", {
    configurable: true,
    value: Readable.from(input === "" ? [] : [Buffer.from(input)]),
  });
  await forgetConfigurations();
  runs += 1;
  let code = 0;
  try {
    process.chdir(cwd);
    await import(`${pathToFileURL(cli).href}?run=${runs}`);
    code = process.exitCode ?? 0;
  } catch (error) {
    words[2].push(Buffer.from(String(error?.stack ?? error)));
    code = 1;
  }
  const text = (descriptor) => Buffer.concat(words[descriptor]).toString();
  process.send({ code, stdout: text(1), stderr: text(2) });
}

process.on("message", (request) => void run(request));
process.on("disconnect", () => process.exit(0));
