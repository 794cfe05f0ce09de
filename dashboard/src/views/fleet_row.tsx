/** One agent of the tree: what it is, what it does, and what it has used. */
import { agentName, costOf, tokensOf } from "../core/fleet.ts";
import { formatCost, formatCount, formatInteger } from "../core/format.ts";
import type { Agent } from "../core/types.ts";
import {
  chooseAgent,
  kindAndModel,
  lastWord,
  statusWord,
} from "./agent_words.ts";
import { Icon } from "./icons.tsx";
import { memo } from "./memo.ts";

interface FleetRowProps {
  /** Changed in place: `version` tells when. */
  agent: Agent;
  version: number;
  depth: number;
  foldable: boolean;
  folded: boolean;
  chosen: boolean;
  needsAttention: boolean;
  tabbable: boolean;
  elapsed: string;
  onFold: (id: string) => void;
  onFocus: (id: string) => void;
}

export const FleetRow = memo((props: FleetRowProps) => {
  const { agent, depth, foldable, folded, chosen } = props;
  const steps = agent.openSteps.map((step) => step.name).join(" › ");
  return (
    <div
      class="agent"
      role="treeitem"
      data-id={agent.id}
      data-activity={agent.activity}
      data-needs-attention={props.needsAttention || undefined}
      aria-level={depth + 1}
      aria-expanded={foldable ? !folded : undefined}
      aria-selected={chosen}
      tabindex={props.tabbable ? 0 : -1}
      style={{ "--depth": Math.min(depth, 6) }}
      onClick={(event) => chooseAgent(event, agent.id)}
      onFocus={() => props.onFocus(agent.id)}
    >
      <span class="agent-guides" aria-hidden="true"></span>
      {foldable ? (
        <span
          class="fold"
          aria-hidden="true"
          onClick={(event) => {
            event.stopPropagation();
            props.onFold(agent.id);
          }}
        >
          <Icon name="chevron" />
        </span>
      ) : (
        <span class="fold" aria-hidden="true"></span>
      )}
      <span class="agent-body">
        <span class="agent-head">
          <span class="status-dot" aria-hidden="true"></span>
          <span class="agent-name" title={`${agentName(agent)} (${agent.id})`}>
            {agentName(agent)}
          </span>
          <span class="agent-elapsed">{props.elapsed}</span>
        </span>
        <span class="agent-now">
          {steps !== "" && <b title={steps}>{steps}</b>}
          <span title={lastWord(agent)}>{lastWord(agent)}</span>
        </span>
        <span class="agent-facts">
          <span class="clip">
            <span class="agent-status">{statusWord(agent)}</span>
            {kindAndModel(agent)}
          </span>
          <span class="agent-numbers">
            <AgentNumbers agent={agent} />
          </span>
        </span>
      </span>
    </div>
  );
});

function AgentNumbers({ agent }: { agent: Agent }) {
  const { input, output } = tokensOf(agent);
  const cost = costOf(agent);
  return (
    <>
      {agent.errors > 0 && (
        <>
          <span
            class="bad"
            title="Events of level error or critical, or of type error"
          >
            {`${agent.errors} ${agent.errors === 1 ? "error" : "errors"}`}
          </span>{" "}
        </>
      )}
      {input + output > 0 && (
        <>
          <span
            title={`${formatInteger(input)} tokens in, ${formatInteger(output)} out`}
          >
            {formatCount(input + output)} tok
          </span>{" "}
        </>
      )}
      {cost !== null && (
        <span>
          {formatCost(cost)}
          {agent.estimated ? " est." : ""}
        </span>
      )}
    </>
  );
}
