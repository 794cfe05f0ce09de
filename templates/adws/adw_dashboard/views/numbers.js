/** What it cost and how long it took: by agent, and by step. */
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import {
  agentName,
  costOf,
  stepTotals,
  tokensOf,
  totals,
  treeRows,
} from "../core/fleet.js";
import {
  formatCost,
  formatCount,
  formatDuration,
  formatElapsed,
} from "../core/format.js";
import { fleet, moment, panel } from "../state.js";
import { elapsedOf, statusWord } from "./fleet.js";

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
  return beside || panel.value === "numbers" ? html`<${Tables} />` : null;
}

function Tables() {
  const { current } = fleet.value;
  const rows = treeRows(current);
  const steps = stepTotals(current);
  const sum = totals(current);
  const longest = Math.max(1, ...steps.map((step) => step.totalMs));
  return html`
    <section class="panel numbers" aria-labelledby="numbers-title">
      <header class="panel-head">
        <button
          type="button"
          class="switch"
          onClick=${() => (panel.value = "log")}
        >
          Log
        </button>
        <h2 id="numbers-title">Numbers</h2>
        <span class="muted"
          >as recorded${sum.estimated ? ", estimates marked est." : ""}</span
        >
      </header>
      <div class="numbers-body" tabindex="0" role="group" aria-label="Tables">
        <div class="numbers-tables">
          <table>
            <caption>
              Duration by step
            </caption>
            <thead>
              <tr>
                <th scope="col">Step</th>
                <th scope="col" class="num">Runs</th>
                <th scope="col" class="num">Average</th>
                <th scope="col" class="num">Longest</th>
                <th scope="col" class="num">Total</th>
              </tr>
            </thead>
            <tbody>
              ${steps.slice(0, 100).map(
                (step) =>
                  html`<tr key=${step.name}>
                    <th scope="row">
                      <span class="bar-label">
                        <span class="clip" title=${step.name}
                          >${step.name}</span
                        >
                        ${step.failed > 0 && html`<span class="bad">${step.failed} failed</span>`}
                      </span>
                      <span class="bar" aria-hidden="true"
                        ><i
                          style=${{ width: `${(100 * step.totalMs) / longest}%` }}
                        ></i
                      ></span>
                    </th>
                    <td class="num">${step.count}</td>
                    <td class="num">
                      ${formatDuration(step.totalMs / step.count)}
                    </td>
                    <td class="num">${formatDuration(step.maxMs)}</td>
                    <td class="num">${formatDuration(step.totalMs)}</td>
                  </tr>`,
              )}
              ${
                steps.length === 0 &&
                html`<tr>
                  <td colspan="5" class="muted">No step has ended yet.</td>
                </tr>`
              }
            </tbody>
          </table>
          <table class="by-agent">
            <caption>
              By agent
            </caption>
            <thead>
              <tr>
                <th scope="col">Agent</th>
                <th scope="col" class="num">Time</th>
                <th scope="col" class="num">In</th>
                <th scope="col" class="num">Out</th>
                <th scope="col" class="num">Cost</th>
                <th scope="col" class="num">Errors</th>
              </tr>
            </thead>
            <tbody>
              ${rows.slice(0, 300).map(({ agent, depth }) => {
                const tokens = tokensOf(agent);
                return html`<tr key=${agent.id}>
                  <th scope="row" style=${{ "--depth": Math.min(depth, 6) }}>
                    <span class="bar-label">
                      <span class="clip" title=${agentName(agent)}
                        >${agentName(agent)}</span
                      >
                      <span class="muted">${statusWord(agent)}</span>
                    </span>
                  </th>
                  <td class="num">
                    ${formatElapsed(elapsedOf(agent, moment.value))}
                  </td>
                  <td class="num">${formatCount(tokens.input)}</td>
                  <td class="num">${formatCount(tokens.output)}</td>
                  <td class="num">
                    ${formatCost(costOf(agent))}${agent.estimated ? " est." : ""}
                  </td>
                  <td class=${agent.errors > 0 ? "num bad" : "num"}>
                    ${agent.errors}
                  </td>
                </tr>`;
              })}
            </tbody>
            <tfoot>
              <tr>
                <th scope="row">Total</th>
                <td></td>
                <td class="num">${formatCount(sum.tokensIn)}</td>
                <td class="num">${formatCount(sum.tokensOut)}</td>
                <td class="num">
                  ${formatCost(sum.costRecorded ? sum.cost : null)}
                </td>
                <td class="num">${sum.errors}</td>
              </tr>
            </tfoot>
          </table>
        </div>
      </div>
    </section>
  `;
}
