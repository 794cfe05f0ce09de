import { formatCost } from "../core/format.ts";
import { knownCost, type Usage } from "../core/usage.ts";

/** Where no cost was recorded, not even as unknown. */
export const NO_COST = formatCost(null);

/** $0.42, $0.42 est., $0.42 + unknown, unknown. */
export function costWords(usage: Usage): string {
  const cost = knownCost(usage);
  if (cost === null) return usage.unknown > 0 ? "unknown" : NO_COST;
  const estimate = usage.estimated > 0 ? " est." : "";
  const unknown = usage.unknown > 0 ? " + unknown" : "";
  return `${formatCost(cost)}${estimate}${unknown}`;
}
