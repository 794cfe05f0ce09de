/**
 * Every agent in its tree.
 *
 * @import { Agent } from "../core/types.ts"
 */
import { memo } from "./memo.ts";
import { useRef, useState } from "preact/hooks";
import {
  agentName,
  costOf,
  elapsedOf,
  tokensOf,
  treeRows,
} from "../core/fleet.ts";
import {
  formatCost,
  formatCount,
  formatDuration,
  formatInteger,
  formatWord,
} from "../core/format.ts";
import { currentWait } from "../core/waits.ts";
import {
  connection,
  filter,
  filterOnly,
  fleet,
  moment,
  needs,
  toggleFilter,
} from "../state.ts";
import { EmptyFleet } from "./empty.tsx";
import { Icon } from "./icons.tsx";

const FINISHED = new Set(["done", "cancelled"]);

export function Fleet() {
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [hideFinished, setHideFinished] = useState(false);
  const [focused, setFocused] = useState("");
  const tree = useRef<HTMLElement | null>(null);

  const all = treeRows(fleet.value.current);
  const rows = visibleRows(all, folded, hideFinished);
  const finished = all.filter(({ agent }) => FINISHED.has(agent.activity));
  const waiting = new Set(needs.value.map((need) => need.agentId));
  const current = rows.some(({ agent }) => agent.id === focused)
    ? focused
    : (rows[0]?.agent.id ?? "");

  const fold = (id: string) => {
    setFolded((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  };

  const moveTo = (index: number) => {
    const id = rows[Math.min(Math.max(index, 0), rows.length - 1)]?.agent.id;
    if (id === undefined) return;
    setFocused(id);
    const element = tree.current?.querySelector(
      `[data-id="${CSS.escape(id)}"]`,
    );
    /** @type {HTMLElement | null | undefined} */ element?.focus();
  };

  const onKey = (event: KeyboardEvent) => {
    const index = rows.findIndex(({ agent }) => agent.id === current);
    const row = rows[index];
    if (row === undefined) return;
    switch (event.key) {
      case "ArrowDown":
        moveTo(index + 1);
        break;
      case "ArrowUp":
        moveTo(index - 1);
        break;
      case "Home":
        moveTo(0);
        break;
      case "End":
        moveTo(rows.length - 1);
        break;
      case "ArrowRight":
        if (folded.has(row.agent.id)) fold(row.agent.id);
        else if (row.children > 0) moveTo(index + 1);
        break;
      case "ArrowLeft":
        if (row.children > 0 && !folded.has(row.agent.id)) fold(row.agent.id);
        else moveTo(rows.findIndex((r) => r.agent.id === row.agent.parentId));
        break;
      case "Enter":
      case " ":
        chooseAgent(event, row.agent.id);
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <>
      <section class="panel fleet" aria-labelledby="fleet-title">
        <header class="panel-head">
          <h2 id="fleet-title">Fleet</h2>
          <span class="panel-count">{all.length}</span>
          <span class="spacer"></span>
          {finished.length > 0 && (
            <label class="check">
              <input
                type="checkbox"
                checked={hideFinished}
                onChange={() => setHideFinished(!hideFinished)}
              />
              Hide finished
            </label>
          )}
        </header>
        {rows.length === 0 ? (
          <EmptyFleet
            filtered={filter.value.sessions.length > 0}
            hidden={all.length}
            state={connection.value.state}
          />
        ) : (
          <div
            class="fleet-rows"
            role="tree"
            aria-label="Agents"
            aria-multiselectable="true"
            ref={tree}
            onKeyDown={onKey}
          >
            {rows.map(({ agent, depth, children }) => (
              <>
                <FleetRow
                  key={agent.id}
                  agent={agent}
                  version={agent.lastSeq}
                  depth={depth}
                  foldable={children > 0}
                  folded={folded.has(agent.id)}
                  chosen={filter.value.agents.includes(agent.id)}
                  needy={waiting.has(agent.id)}
                  tabbable={agent.id === current}
                  elapsed={formatDuration(elapsedOf(agent, moment.value))}
                  onFold={fold}
                  onFocus={setFocused}
                />
              </>
            ))}
          </div>
        )}
      </section>
    </>
  );
}

/**
 * @typedef {object} FleetRowProps
 * @property {Agent} agent changed in place: `version` tells when
 * @property {number} version
 * @property {number} depth
 * @property {boolean} foldable
 * @property {boolean} folded
 * @property {boolean} chosen
 * @property {boolean} needy
 * @property {boolean} tabbable
 * @property {string} elapsed
 * @property {(id: string) => void} onFold
 * @property {(id: string) => void} onFocus
 */

const FleetRow = memo(
  /** @param {FleetRowProps} props */
  (props) => {
    const { agent, depth, foldable, folded, chosen } = props;
    const steps = agent.openSteps.map((step) => step.name).join(" › ");
    return (
      <>
        <div
          class="agent"
          role="treeitem"
          data-id={agent.id}
          data-activity={agent.activity}
          data-needy={props.needy || undefined}
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
              <span
                class="agent-name"
                title={`${agentName(agent)} (${agent.id})`}
              >
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
                {describeKind(agent)}
              </span>
              <span class="agent-numbers">{describeNumbers(agent)}</span>
            </span>
          </span>
        </div>
      </>
    );
  },
);

function describeKind(agent: Agent) {
  // "builder: cart totals" says already that it is a builder.
  const known = agentName(agent).toLowerCase().includes(agent.type);
  return [known ? "" : agent.type, agent.model]
    .filter((fact) => fact !== "")
    .map((fact) => ` · ${fact}`)
    .join("");
}

function describeNumbers(agent: Agent) {
  const { input, output } = tokensOf(agent);
  const cost = costOf(agent);
  const parts = [];
  if (agent.errors > 0) {
    const word = agent.errors === 1 ? "error" : "errors";
    const title = "Events of level error or critical, or of type error";
    parts.push(
      <>
        <span class="bad" title={title}>{`${agent.errors} ${word}`}</span>{" "}
      </>,
    );
  }
  if (input + output > 0) {
    const title = `${formatInteger(input)} tokens in, ${formatInteger(output)} out`;
    parts.push(
      <>
        <span title={title}>{formatCount(input + output)} tok</span>{" "}
      </>,
    );
  }
  if (cost !== null) {
    const note = agent.estimated ? " est." : "";
    parts.push(
      <span>
        {formatCost(cost)}
        {note}
      </span>,
    );
  }
  return parts;
}

/** What it does now, or how it ended. */
function lastWord(agent: Agent) {
  return currentWait(agent)?.reason || agent.failure?.reason || agent.message;
}

export function statusWord(agent: Agent) {
  if (agent.waits.length > 0) return "Waiting";
  return agent.status === ""
    ? formatWord(agent.activity)
    : formatWord(agent.status);
}

/** Shows only an agent's events; with Ctrl, ⌘ or Shift, its events too. */
export function chooseAgent(event: MouseEvent | KeyboardEvent, id: string) {
  const adds = event.ctrlKey || event.metaKey || event.shiftKey;
  if (adds) toggleFilter("agents", id);
  else filterOnly("agents", id);
}

function visibleRows(
  rows: ReturnType<typeof treeRows>,
  folded: ReadonlySet<string>,
  hideFinished: boolean,
) {
  let foldDepth = Infinity;
  return rows.filter(({ agent, depth }) => {
    if (depth > foldDepth) return false;
    foldDepth = folded.has(agent.id) ? depth : Infinity;
    return !(hideFinished && FINISHED.has(agent.activity));
  });
}
