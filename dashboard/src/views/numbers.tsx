/** What it cost and how long it took: by agent, and by step. */
import { useEffect, useState } from "preact/hooks";
import { totals } from "../core/fleet.ts";
import { fleet, moment, panel, showPanel } from "../state.ts";
import { AgentTable } from "./agent_table.tsx";
import { StepTable } from "./step_table.tsx";

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
  const { estimated } = totals(current);
  return (
    <section class="panel numbers" aria-labelledby="numbers-title">
      <header class="panel-head">
        <button type="button" class="switch" onClick={() => showPanel("log")}>
          Log
        </button>
        <h2 id="numbers-title">Numbers</h2>
        <span class="muted">
          as recorded{estimated ? ", estimates marked est." : ""}
        </span>
      </header>
      <div class="numbers-body" tabindex={0} role="group" aria-label="Tables">
        <div class="numbers-tables">
          <StepTable fleet={current} />
          <AgentTable fleet={current} time={moment.value} />
        </div>
      </div>
    </section>
  );
}
