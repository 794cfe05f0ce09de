/** Every agent in its tree, by project and session where these are known. */
import { useRef, useState } from "preact/hooks";
import { elapsedOf, isWhole } from "../core/fleet.ts";
import { formatDuration, formatInteger } from "../core/format.ts";
import {
  groupRows,
  isFinished,
  isGrouped,
  type TreeRow,
} from "../core/groups.ts";
import {
  connection,
  filter,
  fleet,
  folded,
  moment,
  needs,
  open,
  scope,
} from "../state.ts";
import { EmptyFleet } from "./empty.tsx";
import { FleetRow } from "./fleet_row.tsx";
import { GroupRow } from "./group_row.tsx";
import { ProjectSwitch } from "./project_switch.tsx";
import { isExpanded, toggleRow, useTreeKeys } from "./use_tree_keys.ts";

export function Fleet() {
  const [hideFinished, setHideFinished] = useState(false);
  const tree = useRef<HTMLDivElement | null>(null);

  const { current: shown } = fleet.value;
  const grouped = isGrouped(shown);
  const rows = groupRows(shown, open.value, folded.value).filter(
    ({ kind }) =>
      grouped ||
      !hideFinished ||
      kind.type !== "agent" ||
      !isFinished(kind.agent),
  );
  const hasFinished = [...shown.agents.values()].some(isFinished);
  const waiting = new Set(needs.value.map((need) => need.agentId));
  const keys = useTreeKeys(tree, rows);

  return (
    <section class="panel fleet" aria-labelledby="fleet-title">
      <header class="panel-head">
        <h2 id="fleet-title">Fleet</h2>
        <span class="panel-count">{formatInteger(shown.agents.size)}</span>
        <span class="spacer"></span>
        <ProjectSwitch />
        {hasFinished && !grouped && (
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
          filtered={!isWhole(scope.value)}
          hidden={shown.agents.size}
          state={connection.value.state}
        />
      ) : (
        <div
          class="fleet-rows"
          role="tree"
          aria-label="Agents"
          aria-multiselectable="true"
          ref={tree}
          onKeyDown={keys.onKey}
        >
          {rows.map((row) => (
            <Row
              key={row.key}
              row={row}
              isCurrent={row.key === keys.current}
              needsAttention={waiting.has(row.key)}
              onFocus={keys.setFocused}
            />
          ))}
        </div>
      )}
    </section>
  );
}

function Row({
  row,
  isCurrent,
  needsAttention,
  onFocus,
}: {
  row: TreeRow;
  isCurrent: boolean;
  needsAttention: boolean;
  onFocus: (key: string) => void;
}) {
  const { key, depth, kind } = row;
  if (kind.type !== "agent") {
    return <GroupRow row={row} tabbable={isCurrent} onFocus={onFocus} />;
  }
  const { agent } = kind;
  return (
    <FleetRow
      agent={agent}
      version={agent.lastSeq}
      depth={depth}
      source={row.source}
      foldable={row.children > 0}
      folded={!isExpanded(row)}
      chosen={filter.value.agents.includes(key)}
      needsAttention={needsAttention}
      tabbable={isCurrent}
      elapsed={formatDuration(elapsedOf(agent, moment.value))}
      onFold={() => toggleRow(row)}
      onFocus={onFocus}
    />
  );
}
