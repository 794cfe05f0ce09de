/** One agent of the tree: what it is, what it does, and what it has used. */
import { agentName, tokensOf } from "../core/fleet.ts";
import { formatCount, formatInteger } from "../core/format.ts";
import type { Agent } from "../core/types.ts";
import { usageOf } from "../core/usage.ts";
import { choose, kindAndModel, lastWord, statusWord } from "./agent_words.ts";
import { costWords, NO_COST } from "./cost_words.ts";
import { Icon } from "./icons.tsx";
import { memo } from "./memo.ts";
import { SourceBadge } from "./source_badge.tsx";

interface FleetRowProps {
  /** Changed in place: `version` tells when. */
  agent: Agent;
  version: number;
  depth: number;
  /** "" where it goes without saying. */
  source: string;
  foldable: boolean;
  folded: boolean;
  chosen: boolean;
  needsAttention: boolean;
  tabbable: boolean;
  elapsed: string;
  onFold: () => void;
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
      onClick={(event) => choose(event, "agents", agent.id)}
      onFocus={() => props.onFocus(agent.id)}
    >
      <span class="agent-guides" aria-hidden="true"></span>
      {foldable ? (
        <span
          class="fold"
          aria-hidden="true"
          onClick={(event) => {
            event.stopPropagation();
            props.onFold();
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
            {props.source !== "" && (
              <>
                <SourceBadge source={props.source} />{" "}
              </>
            )}
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
  const cost = costWords(usageOf(agent));
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
      {cost !== NO_COST && <span>{cost}</span>}
    </>
  );
}
