/** The keys of the tree: arrows move, unfold and fold; Enter and Space choose. */
import type { RefObject, TargetedKeyboardEvent } from "preact";
import { useState } from "preact/hooks";
import type { TreeRow } from "../core/groups.ts";
import { folded, toggleFold, toggleOpen } from "../state.ts";
import { choose } from "./agent_words.ts";

export function isExpanded({ key, kind }: TreeRow): boolean {
  return kind.type === "finished" ? kind.isOpen : !folded.value.includes(key);
}

/** Shows what is below a row, or hides it. */
export function toggleRow({ key, kind }: TreeRow): void {
  if (kind.type === "finished") toggleOpen(key);
  else toggleFold(key);
}

/** What a click on a row does, or Enter. */
export function chooseRow(
  event: Parameters<typeof choose>[0],
  row: TreeRow,
): void {
  const { kind } = row;
  if (kind.type === "agent") choose(event, "agents", kind.agent.id);
  else if (kind.type === "session") choose(event, "sessions", kind.session);
  else if (kind.type === "project") choose(event, "projects", kind.project);
  else toggleRow(row);
}

export function useTreeKeys(
  tree: RefObject<HTMLDivElement | null>,
  rows: readonly TreeRow[],
) {
  const [focused, setFocused] = useState("");
  const index = Math.max(
    0,
    rows.findIndex(({ key }) => key === focused),
  );
  const row = rows[index];

  const moveTo = (place: number) => {
    const key = rows[Math.min(Math.max(place, 0), rows.length - 1)]?.key;
    if (key === undefined) return;
    setFocused(key);
    tree.current
      ?.querySelector<HTMLElement>(`[data-id="${CSS.escape(key)}"]`)
      ?.focus();
  };

  const onKey = (event: TargetedKeyboardEvent<HTMLDivElement>) => {
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
        if (row.children === 0) break;
        if (isExpanded(row)) moveTo(index + 1);
        else toggleRow(row);
        break;
      case "ArrowLeft":
        if (row.children > 0 && isExpanded(row)) toggleRow(row);
        else if (row.parent !== "")
          moveTo(rows.findIndex(({ key }) => key === row.parent));
        break;
      case "Enter":
      case " ":
        chooseRow(event, row);
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return { current: row?.key ?? "", setFocused, onKey };
}
