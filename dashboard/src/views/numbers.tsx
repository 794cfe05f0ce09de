/** What it cost and how long it took: by agent, and by step. */
import { useEffect, useState } from "preact/hooks";
import {
  agentName,
  costOf,
  elapsedOf,
  stepTotals,
  tokensOf,
  totals,
  treeRows,
} from "../core/fleet.ts";
import {
  formatCost,
  formatCount,
  formatDuration,
  formatInteger,
} from "../core/format.ts";
import { fleet, moment, panel } from "../state.ts";
import { statusWord } from "./fleet.tsx";

/** Rows drawn of a table; what is beyond is summed up in one more. */
const MOST_STEPS = 100;
const MOST_AGENTS = 300;

/** From this width on, the numbers stand beside the log (layout.css). */
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
  const rows = treeRows(current);
  const steps = stepTotals(current);
  const sum = totals(current);
  const rest = totals({
    agents: new Map(
      rows.slice(MOST_AGENTS).map(({ agent }) => [agent.id, agent]),
    ),
    events: 0,
    errors: 0,
  });
  const errorsOf = (/** @type {typeof rows} */ some) =>
    some.reduce((errors, { agent }) => errors + agent.errors, 0);
  const ofNoAgent = sum.errors - errorsOf(rows);
  const moreSteps = steps.slice(MOST_STEPS);
  const longest = Math.max(1, ...steps.map((step) => step.totalMs));
  return (
    <>
      <section class="panel numbers" aria-labelledby="numbers-title">
        <header class="panel-head">
          <button
            type="button"
            class="switch"
            onClick={() => (panel.value = "log")}
          >
            Log
          </button>
          <h2 id="numbers-title">Numbers</h2>
          <span class="muted">
            as recorded{sum.estimated ? ", estimates marked est." : ""}
          </span>
        </header>
        <div class="numbers-body" tabindex="0" role="group" aria-label="Tables">
          <div class="numbers-tables">
            <table>
              <caption>Duration by step</caption>
              <thead>
                <tr>
                  <th scope="col">Step</th>
                  <th scope="col" class="num">
                    Runs
                  </th>
                  <th scope="col" class="num">
                    Average
                  </th>
                  <th scope="col" class="num">
                    Longest
                  </th>
                  <th scope="col" class="num">
                    Total
                  </th>
                </tr>
              </thead>
              <tbody>
                {steps.slice(0, MOST_STEPS).map((step) => (
                  <tr key={step.name}>
                    <th scope="row">
                      <span class="bar-label">
                        <span class="clip" title={step.name}>
                          {step.name}
                        </span>
                        {step.failed > 0 && (
                          <>
                            {" "}
                            <span class="bad">{step.failed} failed</span>
                          </>
                        )}
                      </span>
                      <span class="bar" aria-hidden="true">
                        <i
                          style={{
                            width: `${(100 * step.totalMs) / longest}%`,
                          }}
                        ></i>
                      </span>
                    </th>
                    <td class="num">{step.count}</td>
                    <td class="num">
                      {formatDuration(step.totalMs / step.count)}
                    </td>
                    <td class="num">{formatDuration(step.maxMs)}</td>
                    <td class="num">{formatDuration(step.totalMs)}</td>
                  </tr>
                ))}
                {moreSteps.length > 0 && (
                  <tr>
                    <th scope="row">
                      and {formatInteger(moreSteps.length)} more steps
                    </th>
                    <td class="num">
                      {moreSteps.reduce((runs, step) => runs + step.count, 0)}
                    </td>
                    <td></td>
                    <td class="num">
                      {formatDuration(
                        Math.max(...moreSteps.map((step) => step.maxMs)),
                      )}
                    </td>
                    <td class="num">
                      {formatDuration(
                        moreSteps.reduce((ms, step) => ms + step.totalMs, 0),
                      )}
                    </td>
                  </tr>
                )}
                {steps.length === 0 && (
                  <tr>
                    <td colspan="5" class="muted">
                      No step has ended yet.
                    </td>
                  </tr>
                )}
              </tbody>
            </table>
            <table class="by-agent">
              <caption>By agent</caption>
              <thead>
                <tr>
                  <th scope="col">Agent</th>
                  <th scope="col" class="num">
                    Time
                  </th>
                  <th scope="col" class="num">
                    In
                  </th>
                  <th scope="col" class="num">
                    Out
                  </th>
                  <th scope="col" class="num">
                    Cost
                  </th>
                  <th
                    scope="col"
                    class="num"
                    title="Events of level error or critical, or of type error"
                  >
                    Errors
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.slice(0, MOST_AGENTS).map(({ agent, depth }) => {
                  const tokens = tokensOf(agent);
                  return (
                    <tr key={agent.id}>
                      <th scope="row" style={{ "--depth": Math.min(depth, 6) }}>
                        <span class="bar-label">
                          <span class="clip" title={agentName(agent)}>
                            {agentName(agent)}
                          </span>{" "}
                          <span class="muted">{statusWord(agent)}</span>
                        </span>
                      </th>
                      <td class="num">
                        {formatDuration(elapsedOf(agent, moment.value))}
                      </td>
                      <td class="num">{formatCount(tokens.input)}</td>
                      <td class="num">{formatCount(tokens.output)}</td>
                      <td class="num">
                        {formatCost(costOf(agent))}
                        {agent.estimated ? " est." : ""}
                      </td>
                      <td class={agent.errors > 0 ? "num bad" : "num"}>
                        {agent.errors}
                      </td>
                    </tr>
                  );
                })}
                {rest.agents > 0 && (
                  <tr data-testid="more-agents">
                    <th scope="row">
                      and {formatInteger(rest.agents)} more agents
                    </th>
                    <td></td>
                    <td class="num">{formatCount(rest.tokensIn)}</td>
                    <td class="num">{formatCount(rest.tokensOut)}</td>
                    <td class="num">
                      {formatCost(rest.costRecorded ? rest.cost : null)}
                    </td>
                    <td class="num">{errorsOf(rows.slice(MOST_AGENTS))}</td>
                  </tr>
                )}
                {ofNoAgent > 0 && (
                  <tr>
                    <th scope="row">Of no agent</th>
                    <td></td>
                    <td></td>
                    <td></td>
                    <td></td>
                    <td class="num bad">{ofNoAgent}</td>
                  </tr>
                )}
              </tbody>
              <tfoot>
                <tr>
                  <th scope="row">
                    Total of {formatInteger(sum.agents)} agents
                  </th>
                  <td></td>
                  <td class="num">{formatCount(sum.tokensIn)}</td>
                  <td class="num">{formatCount(sum.tokensOut)}</td>
                  <td class="num">
                    {formatCost(sum.costRecorded ? sum.cost : null)}
                  </td>
                  <td class="num">{sum.errors}</td>
                </tr>
              </tfoot>
            </table>
          </div>
        </div>
      </section>
    </>
  );
}
