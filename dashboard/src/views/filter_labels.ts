import { shortId } from "../core/fleet.ts";
import { type FilterField, LOG_LEVELS } from "../core/types.ts";
import { nameOf } from "../state.ts";
import { sourceName } from "./source_badge.tsx";

/** A value of a filter, as people read it. */
export function filterLabel(field: FilterField, value: string): string {
  if (field === "agents") return nameOf(value);
  if (field === "sessions") return shortId(value);
  if (field === "sources") return sourceName(value);
  if (field === "projects") return value || "No project";
  return value;
}

/** Levels by how serious they are, everything else by its label. */
export function compareValues(
  field: FilterField,
  a: string,
  b: string,
): number {
  if (field === "levels") return LOG_LEVELS.indexOf(a) - LOG_LEVELS.indexOf(b);
  return filterLabel(field, a).localeCompare(filterLabel(field, b));
}
