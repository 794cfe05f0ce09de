/**
 * What an event says, read with care: metadata may hold anything.
 *
 * @import { AgentEvent } from "./types.ts"
 */

/** @param {unknown} value @returns {string} "" for anything but text */
export function text(value) {
  return typeof value === "string" ? value : "";
}

/** @param {unknown} value @returns {number} 0 for anything but a number */
export function count(value) {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

/** @param {AgentEvent} event */
export function stepName(event) {
  return (
    text(event.metadata["step"]) ||
    text(event.metadata["step_name"]) ||
    event.message ||
    "step"
  );
}

/**
 * A tool call in a line: its name, and the argument that tells most.
 *
 * @param {string} name
 * @param {unknown} input
 */
export function callLabel(name, input) {
  if (typeof input === "string") return `${name} ${input}`;
  if (typeof input !== "object" || input === null) return name;
  const values = /** @type {Record<string, unknown>} */ (input);
  for (const key of ["command", "file_path", "path", "pattern", "url"]) {
    const value = values[key];
    if (typeof value === "string") return `${name} ${value}`;
  }
  const first = Object.values(values).find((v) => typeof v === "string");
  return first === undefined ? name : `${name} ${String(first)}`;
}

/**
 * Whether a tool call is over: the event that starts one has neither.
 *
 * @param {AgentEvent} event
 */
export function isCallEnd({ metadata }) {
  return (
    typeof metadata["duration_ms"] === "number" ||
    metadata["error"] !== undefined
  );
}
