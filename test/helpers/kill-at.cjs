/**
 * Preloaded (`node --require`) into a program that is to die: counts every call of
 * `node:fs` that names a path inside ADW_KILL_ROOT, and kills the process with
 * SIGKILL at number ADW_KILL_AT.
 *
 *   ADW_KILL_WHEN=before   instead of the call
 *   ADW_KILL_WHEN=during   when half of what it writes is written; else as before
 *   ADW_KILL_WHEN=after    when the call is done
 *   ADW_KILL_LIST=<file>   counts only, and writes the names of the calls there
 */
"use strict";
const fs = require("node:fs");
const { syncBuiltinESMExports } = require("node:module");
const { fileURLToPath } = require("node:url");

const { ADW_KILL_ROOT, ADW_KILL_AT, ADW_KILL_WHEN, ADW_KILL_LIST } =
  process.env;
const original = { ...fs };
const calls = [];

/** Whether an argument names something inside the project. */
function isInside(value) {
  const path =
    value instanceof URL && value.protocol === "file:"
      ? fileURLToPath(value)
      : Buffer.isBuffer(value)
        ? String(value)
        : value;
  return (
    typeof path === "string" &&
    (path === ADW_KILL_ROOT || path.startsWith(`${ADW_KILL_ROOT}/`))
  );
}

function die() {
  process.kill(process.pid, "SIGKILL");
  // The signal is on its way; nothing else may happen until it is here.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** Does the first half of a write, as a kill in the middle of it would leave it. */
function half(name, parameters) {
  if (name.startsWith("writeFile")) {
    const text = Buffer.from(parameters[1]);
    original.writeFileSync(
      parameters[0],
      text.subarray(0, text.length / 2),
      parameters[2],
    );
  } else if (name.startsWith("copyFile")) {
    const text = original.readFileSync(parameters[0]);
    original.writeFileSync(parameters[1], text.subarray(0, text.length / 2));
  }
}

/** True when the call is the last one, and is still to be done. */
function comesTo(name, parameters) {
  if (!parameters.slice(0, 2).some(isInside)) return false;
  calls.push(name);
  if (calls.length !== Number(ADW_KILL_AT)) return false;
  if (ADW_KILL_WHEN === "after") return true;
  if (ADW_KILL_WHEN === "during") half(name, parameters);
  return die();
}

function patchSync(holder, name, called = name) {
  const call = holder[name];
  holder[name] = function (...parameters) {
    if (!comesTo(called, parameters)) return call.apply(this, parameters);
    try {
      return call.apply(this, parameters);
    } finally {
      die();
    }
  };
  // realpathSync.native is one more of its kind.
  Object.assign(holder[name], call);
  if (typeof call.native === "function") {
    patchSync(holder[name], "native", `${called}.native`);
  }
}

function patchCallback(name) {
  const call = fs[name];
  fs[name] = function (...parameters) {
    if (comesTo(name, parameters)) parameters[parameters.length - 1] = die;
    return call.apply(this, parameters);
  };
  Object.assign(fs[name], call);
}

function patchPromise(name) {
  const call = fs.promises[name];
  fs.promises[name] = async function (...parameters) {
    if (!comesTo(name, parameters)) return call.apply(this, parameters);
    try {
      return await call.apply(this, parameters);
    } finally {
      die();
    }
  };
}

const isCall = (holder) => (name) =>
  typeof holder[name] === "function" && /^[a-z]/.test(name);

for (const name of Object.keys(fs).filter(isCall(fs))) {
  if (name.endsWith("Sync")) patchSync(fs, name);
  else if (typeof fs[`${name}Sync`] === "function") patchCallback(name);
}
for (const name of Object.keys(fs.promises).filter(isCall(fs.promises))) {
  patchPromise(name);
}
syncBuiltinESMExports();

if (ADW_KILL_LIST !== undefined) {
  process.on("exit", () => {
    original.writeFileSync(ADW_KILL_LIST, JSON.stringify(calls));
  });
}
