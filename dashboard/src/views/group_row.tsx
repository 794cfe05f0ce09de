/** A row of the tree that is no agent: a project, a session, or those that have finished. */
import { shortId } from "../core/fleet.ts";
import { formatInteger } from "../core/format.ts";
import type { RowKind, TreeRow } from "../core/groups.ts";
import { filter } from "../state.ts";
import { Icon } from "./icons.tsx";
import { SourceBadge } from "./source_badge.tsx";
import { chooseRow, isExpanded, toggleRow } from "./use_tree_keys.ts";

export function GroupRow({
  row,
  tabbable,
  onFocus,
}: {
  row: TreeRow;
  tabbable: boolean;
  onFocus: (key: string) => void;
}) {
  const { key, depth, kind } = row;
  return (
    <div
      class="agent group"
      role="treeitem"
      data-id={key}
      data-kind={kind.type}
      aria-level={depth + 1}
      aria-expanded={isExpanded(row)}
      aria-selected={isChosen(kind)}
      tabindex={tabbable ? 0 : -1}
      style={{ "--depth": Math.min(depth, 6) }}
      onClick={(event) => chooseRow(event, row)}
      onFocus={() => onFocus(key)}
    >
      <span class="agent-guides" aria-hidden="true"></span>
      <span
        class="fold"
        aria-hidden="true"
        onClick={(event) => {
          event.stopPropagation();
          toggleRow(row);
        }}
      >
        <Icon name="chevron" />
      </span>
      <span class="agent-body">
        <GroupWords kind={kind} source={row.source} />
      </span>
    </div>
  );
}

function GroupWords({ kind, source }: { kind: RowKind; source: string }) {
  switch (kind.type) {
    case "project": {
      const counts = [
        kind.waiting > 0 ? `${formatInteger(kind.waiting)} waiting` : "",
        kind.running > 0 ? `${formatInteger(kind.running)} working` : "",
      ].filter((word) => word !== "");
      return (
        <span class="agent-head">
          <span class="agent-name" title={kind.project}>
            {kind.project || "No project"}
          </span>
          <span class="agent-elapsed">{counts.join(", ")}</span>
        </span>
      );
    }
    case "session":
      return (
        <span class="agent-head">
          <span class="agent-name" title={kind.session}>
            Session {shortId(kind.session)}
          </span>
          <SourceBadge source={source} />
          <span class="agent-elapsed">{formatInteger(kind.agents)} agents</span>
        </span>
      );
    case "finished":
      return (
        <span class="muted">
          {formatInteger(kind.count)} finished
          {kind.isOpen &&
            kind.shown < kind.count &&
            `, the latest ${formatInteger(kind.shown)} shown`}
        </span>
      );
    case "agent":
      return null;
  }
}

function isChosen(kind: RowKind) {
  const { sessions, projects } = filter.value;
  if (kind.type === "session") return sessions.includes(kind.session);
  return kind.type === "project" && projects.includes(kind.project);
}
