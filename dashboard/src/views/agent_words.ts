/** What panels say of an agent, and what choosing one does. */
import { agentName } from "../core/fleet.ts";
import { formatWord } from "../core/format.ts";
import type { Agent, FilterField } from "../core/types.ts";
import { currentWait } from "../core/waits.ts";
import { filterOnly, toggleFilter } from "../state.ts";

/** What it is, where its name does not say so already. */
export function kindAndModel(agent: Agent): string {
  // "builder: cart totals" says already that it is a builder.
  const known = agentName(agent).toLowerCase().includes(agent.type);
  return [known ? "" : agent.type, agent.model]
    .filter((fact) => fact !== "")
    .map((fact) => ` · ${fact}`)
    .join("");
}

/** What it does now, or how it ended. */
export function lastWord(agent: Agent): string {
  return currentWait(agent)?.reason || agent.failure?.reason || agent.message;
}

/** What it is doing, or how it ended, in a word or two. */
export function statusWord(agent: Agent): string {
  if (agent.waits.length > 0) return "Waiting";
  return agent.status === ""
    ? formatWord(agent.activity)
    : formatWord(agent.status);
}

/** Shows only an agent's or project's events; with Ctrl, ⌘ or Shift, its events too. */
export function choose(
  event: { ctrlKey: boolean; metaKey: boolean; shiftKey: boolean },
  field: FilterField,
  value: string,
): void {
  const adds = event.ctrlKey || event.metaKey || event.shiftKey;
  if (adds) toggleFilter(field, value);
  else filterOnly(field, value);
}
