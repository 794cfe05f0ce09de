/** JSON of other programs' files, of which nothing is known. */
import { existsSync, readFileSync } from "node:fs";

export type JsonRecord = Readonly<Record<string, unknown>>;

/** The properties of an object; none of anything else. */
export function asRecord(value: unknown): JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};
}

/** undefined when there is no such file, or none that can be read: then it says nothing. */
export function readJsonRecord(file: string): JsonRecord | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const text = readFileSync(file, "utf8").replace(/^\uFEFF/, "");
    return asRecord(JSON.parse(text));
  } catch {
    return undefined;
  }
}
