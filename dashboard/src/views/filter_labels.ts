import { shortId } from "../core/fleet.ts";
import { LOG_LEVELS } from "../core/types.ts";
import { nameOf } from "../state.ts";

/** The fields of the filter that hold a list of values. */
export type FilterField = "agents" | "types" | "levels" | "sessions";

/** A value of a filter, as people read it. */
export function filterLabel(field: FilterField, value: string): string {
  if (field === "agents") return nameOf(value);
  if (field === "sessions") return shortId(value);
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
