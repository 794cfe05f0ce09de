/** What it cost and how long it took: by agent, model, project, day, and by step. */
import { useEffect, useState } from "preact/hooks";
import { type Fleet, totals } from "../core/fleet.ts";
import { formatCost, formatDuration, formatInteger } from "../core/format.ts";
import { isGrouped } from "../core/groups.ts";
import { type Usage, USAGE_KEYS } from "../core/usage.ts";
import { countUsageBy, fleet, moment, panel, usageKey } from "../state.ts";
import { PanelSwitch } from "./panel_switch.tsx";
import { StepTable } from "./step_table.tsx";
import { UsageTable } from "./usage_table.tsx";

/** From this width on, the numbers stand beside the log (panels.css). */
const BESIDE_LOG = matchMedia("(min-width: 1900px)");

export function Numbers() {
  const [beside, setBeside] = useState(BESIDE_LOG.matches);
  useEffect(() => {
    const onChange = () => setBeside(BESIDE_LOG.matches);
    BESIDE_LOG.addEventListener("change", onChange);
    return () => BESIDE_LOG.removeEventListener("change", onChange);
  }, []);
  // Out of sight they would only cost time.
  return beside || panel.value === "numbers" ? <Tables /> : null;
}

function Tables() {
  const { current } = fleet.value;
  const { usage } = totals(current);
  return (
    <section class="panel numbers" aria-labelledby="numbers-title">
      <header class="panel-head">
        <PanelSwitch current="numbers" />
        <span class="muted">
          as recorded{usage.estimated > 0 ? ", estimates marked est." : ""}
        </span>
      </header>
      <div class="numbers-body" tabindex={0} role="group" aria-label="Tables">
        <Difference usage={usage} />
        <div class="numbers-tables" data-grouped={isGrouped(current)}>
          <div>
            <StepTable fleet={current} />
            <HookTime fleet={current} />
          </div>
          <div>
            <UsageSwitch />
            <UsageTable
              fleet={current}
              time={moment.value}
              by={usageKey.value}
            />
          </div>
        </div>
      </div>
    </section>
  );
}

function UsageSwitch() {
  return (
    <div class="segments" role="group" aria-label="Tokens and cost by">
      {USAGE_KEYS.map((key) => (
        <button
          type="button"
          class="segment"
          aria-pressed={usageKey.value === key}
          onClick={() => countUsageBy(key)}
        >
          By {key}
        </button>
      ))}
    </div>
  );
}

/** Where an agent's own number and the price table's do not agree. */
function Difference({ usage }: { usage: Usage }) {
  const { differing, differingReported, differingEstimated } = usage;
  if (differing === 0) return null;
  const requests = differing === 1 ? "request" : "requests";
  return (
    <p class="numbers-note" role="note">
      Two sources differ by more than 1 % on {formatInteger(differing)}{" "}
      {requests}: {formatCost(differingReported)} as the agents report it,{" "}
      {formatCost(differingEstimated)} by the price table. The reported cost is
      counted.
    </p>
  );
}

function HookTime({ fleet: { agents } }: { fleet: Fleet }) {
  let runs = 0;
  let ms = 0;
  for (const agent of agents.values()) {
    runs += agent.hookRuns;
    ms += agent.hookMs;
  }
  if (runs === 0) return null;
  return (
    <p class="numbers-note">
      Hooks took {formatDuration(ms)} of the agents' time in{" "}
      {formatInteger(runs)} {runs === 1 ? "event" : "events"},{" "}
      {formatDuration(ms / runs)} each, as the agents report it.
    </p>
  );
}
