/** What an event says, read with care: metadata may hold anything. */
import type { AgentEvent } from "./types.ts";

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** @returns "" for anything but text */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** @returns 0 for anything but a number */
export function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

export function stepName(event: AgentEvent) {
  return (
    text(event.metadata["step"]) ||
    text(event.metadata["step_name"]) ||
    event.message ||
    "step"
  );
}

/** A tool call in a line: its name, and the argument that tells most. */
export function callLabel(name: string, input: unknown) {
  if (typeof input === "string") return `${name} ${input}`;
  if (!isRecord(input)) return name;
  for (const key of ["command", "file_path", "path", "pattern", "url"]) {
    const value = input[key];
    if (typeof value === "string") return `${name} ${value}`;
  }
  const first = Object.values(input).find((v) => typeof v === "string");
  return first === undefined ? name : `${name} ${first}`;
}

/** Why a tool call failed; undefined where it did not: many write null, "" or false then. */
export function callError({ metadata }: AgentEvent): unknown {
  return metadata["error"] || undefined;
}

/** Whether a tool call is over: the event that starts one has neither. */
export function isCallEnd(event: AgentEvent) {
  return (
    typeof event.metadata["duration_ms"] === "number" ||
    callError(event) !== undefined
  );
}
