import { type Fleet, stepTotals } from "../core/fleet.ts";
import { formatDuration, formatInteger } from "../core/format.ts";
import type { StepStats } from "../core/types.ts";

/** Rows drawn; what is beyond is summed up in one more. */
const MOST_STEPS = 100;

/** How long each step took, over all agents. */
export function StepTable({ fleet }: { fleet: Fleet }) {
  const steps = stepTotals(fleet);
  const moreSteps = steps.slice(MOST_STEPS);
  const longest = Math.max(1, ...steps.map((step) => step.totalMs));
  return (
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
          <StepRow key={step.name} step={step} longest={longest} />
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
              {formatDuration(Math.max(...moreSteps.map((step) => step.maxMs)))}
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
            <td colspan={5} class="muted">
              No step has ended yet.
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

function StepRow({ step, longest }: { step: StepStats; longest: number }) {
  return (
    <tr>
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
          <i style={{ width: `${(100 * step.totalMs) / longest}%` }}></i>
        </span>
      </th>
      <td class="num">{step.count}</td>
      <td class="num">{formatDuration(step.totalMs / step.count)}</td>
      <td class="num">{formatDuration(step.maxMs)}</td>
      <td class="num">{formatDuration(step.totalMs)}</td>
    </tr>
  );
}
