import {
  agentName,
  costOf,
  elapsedOf,
  type Fleet,
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
import type { Agent } from "../core/types.ts";
import { statusWord } from "./agent_words.ts";

/** Rows drawn; what is beyond is summed up in one more. */
const MOST_AGENTS = 300;

/**
 * What each agent used, in the order of the tree. Agents change in place: as it
 * reads no signal, the table is drawn again whenever what holds it is.
 */
export function AgentTable({ fleet, time }: { fleet: Fleet; time: number }) {
  const rows = treeRows(fleet);
  const sum = totals(fleet);
  const rest = totals({
    agents: new Map(
      rows.slice(MOST_AGENTS).map(({ agent }) => [agent.id, agent]),
    ),
    events: 0,
    errors: 0,
  });
  const errorsOf = (some: typeof rows) =>
    some.reduce((errors, { agent }) => errors + agent.errors, 0);
  const ofNoAgent = sum.errors - errorsOf(rows);
  return (
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
        {rows.slice(0, MOST_AGENTS).map(({ agent, depth }) => (
          <AgentRow
            key={agent.id}
            agent={agent}
            depth={depth}
            elapsed={elapsedOf(agent, time)}
          />
        ))}
        {rest.agents > 0 && (
          <tr data-testid="more-agents">
            <th scope="row">and {formatInteger(rest.agents)} more agents</th>
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
          <th scope="row">Total of {formatInteger(sum.agents)} agents</th>
          <td></td>
          <td class="num">{formatCount(sum.tokensIn)}</td>
          <td class="num">{formatCount(sum.tokensOut)}</td>
          <td class="num">{formatCost(sum.costRecorded ? sum.cost : null)}</td>
          <td class="num">{sum.errors}</td>
        </tr>
      </tfoot>
    </table>
  );
}

function AgentRow({
  agent,
  depth,
  elapsed,
}: {
  agent: Agent;
  depth: number;
  elapsed: number;
}) {
  const tokens = tokensOf(agent);
  return (
    <tr>
      <th scope="row" style={{ "--depth": Math.min(depth, 6) }}>
        <span class="bar-label">
          <span class="clip" title={agentName(agent)}>
            {agentName(agent)}
          </span>{" "}
          <span class="muted">{statusWord(agent)}</span>
        </span>
      </th>
      <td class="num">{formatDuration(elapsed)}</td>
      <td class="num">{formatCount(tokens.input)}</td>
      <td class="num">{formatCount(tokens.output)}</td>
      <td class="num">
        {formatCost(costOf(agent))}
        {agent.estimated ? " est." : ""}
      </td>
      <td class={agent.errors > 0 ? "num bad" : "num"}>{agent.errors}</td>
    </tr>
  );
}
