/** Menus that narrow the log to some agents, types, levels or sessions. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { FilterField } from "../core/types.ts";
import { facets, filter, overviewVersion } from "../state.ts";
import { FilterChoices } from "./filter_choices.tsx";
import { filterLabel } from "./filter_labels.ts";
import { Icon } from "./icons.tsx";
import { useDismiss } from "./use_dismiss.ts";

export function FilterMenus() {
  return (
    <div class="filters" role="group" aria-label="Filters">
      <FilterMenu field="agents" label="Agent" many="agents" />
      <FilterMenu field="types" label="Type" many="types" />
      <FilterMenu field="levels" label="Level" many="levels" />
      <FilterMenu field="sessions" label="Session" many="sessions" />
      <FilterMenu field="projects" label="Project" many="projects" optional />
      <FilterMenu field="sources" label="Source" many="sources" optional />
    </div>
  );
}

function FilterMenu({
  field,
  label,
  many,
  optional = false,
}: {
  field: FilterField;
  label: string;
  many: string;
  /** Not there while no event says anything of it. */
  optional?: boolean;
}) {
  const [open, setOpen] = useState(false);
  const [needle, setNeedle] = useState("");
  const box = useRef<HTMLDivElement | null>(null);
  const chosen = filter.value[field];
  // An agent named in a link has its name only once it was read.
  if (chosen.length === 1 || optional) void overviewVersion.value;

  useDismiss(box, open, () => setOpen(false));
  useEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLElement>(".menu input")?.focus();
  }, [open]);

  if (optional && chosen.length + facets[field].size === 0) return null;
  const [first = ""] = chosen;
  const summary =
    chosen.length === 0
      ? label
      : chosen.length === 1
        ? filterLabel(field, first)
        : `${chosen.length} ${many}`;
  return (
    <div class="menu-anchor" ref={box}>
      <button
        type="button"
        class="button filter-button"
        data-on={chosen.length > 0 || undefined}
        data-filter={field}
        aria-expanded={open}
        aria-haspopup="true"
        aria-label={
          chosen.length === 0
            ? `Filter by ${label.toLowerCase()}`
            : `${label}: ${summary}`
        }
        onClick={() => setOpen(!open)}
      >
        <span class="filter-text">{summary}</span>
        <Icon name="chevron" />
      </button>
      {open && (
        <FilterChoices
          field={field}
          label={label}
          needle={needle}
          onNeedle={setNeedle}
        />
      )}
    </div>
  );
}
