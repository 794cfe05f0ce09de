/** Every agent in its tree. */
import type { TargetedKeyboardEvent } from "preact";
import { useRef, useState } from "preact/hooks";
import { elapsedOf, treeRows } from "../core/fleet.ts";
import { formatDuration } from "../core/format.ts";
import { connection, filter, fleet, moment, needs } from "../state.ts";
import { chooseAgent } from "./agent_words.ts";
import { EmptyFleet } from "./empty.tsx";
import { FleetRow } from "./fleet_row.tsx";

const FINISHED: ReadonlySet<string> = new Set(["done", "cancelled"]);

export function Fleet() {
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [hideFinished, setHideFinished] = useState(false);
  const [focused, setFocused] = useState("");
  const tree = useRef<HTMLDivElement | null>(null);

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
    tree.current
      ?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)
      ?.focus();
  };

  const onKey = (event: TargetedKeyboardEvent<HTMLDivElement>) => {
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
            <FleetRow
              key={agent.id}
              agent={agent}
              version={agent.lastSeq}
              depth={depth}
              foldable={children > 0}
              folded={folded.has(agent.id)}
              chosen={filter.value.agents.includes(agent.id)}
              needsAttention={waiting.has(agent.id)}
              tabbable={agent.id === current}
              elapsed={formatDuration(elapsedOf(agent, moment.value))}
              onFold={fold}
              onFocus={setFocused}
            />
          ))}
        </div>
      )}
    </section>
  );
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
