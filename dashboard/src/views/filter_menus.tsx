/** Menus that narrow the log to some agents, types, levels or sessions. */
import { useEffect, useRef, useState } from "preact/hooks";
import { formatInteger } from "../core/format.ts";
import { shortId } from "../core/fleet.ts";
import { LOG_LEVELS } from "../core/types.ts";
import {
  changeFilter,
  facets,
  filter,
  nameOf,
  overviewVersion,
  toggleFilter,
} from "../state.ts";
import { Icon } from "./icons.tsx";

/** @typedef {"agents" | "types" | "levels" | "sessions"} Field */

export function FilterMenus() {
  return (
    <>
      <div class="filters" role="group" aria-label="Filters">
        <FilterMenu field="agents" label="Agent" many="agents" />
        <FilterMenu field="types" label="Type" many="types" />
        <FilterMenu field="levels" label="Level" many="levels" />
        <FilterMenu field="sessions" label="Session" many="sessions" />
      </div>
    </>
  );
}

function FilterMenu({
  field,
  label,
  many,
}: {
  field: Field;
  label: string;
  many: string;
}) {
  const [open, setOpen] = useState(false);
  const [needle, setNeedle] = useState("");
  const box = useRef<HTMLElement | null>(null);
  const chosen = filter.value[field];
  // An agent named in a link has its name only once it was read.
  if (chosen.length === 1) void overviewVersion.value;

  useEffect(() => {
    if (!open) return;
    /** @type {HTMLElement | null | undefined} */ box.current
      ?.querySelector(".menu input")
      ?.focus();
    const close = (event: Event) => {
      if (event instanceof KeyboardEvent) {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        box.current?.querySelector("button")?.focus();
      } else if (box.current?.contains(/** @type {Node} */ event.target)) {
        return;
      }
      setOpen(false);
    };
    addEventListener("pointerdown", close);
    addEventListener("keydown", close, true);
    return () => {
      removeEventListener("pointerdown", close);
      removeEventListener("keydown", close, true);
    };
  }, [open]);

  const [first = ""] = chosen;
  const summary =
    chosen.length === 0
      ? label
      : chosen.length === 1
        ? labelOf(field, first)
        : `${chosen.length} ${many}`;
  return (
    <>
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
          <Choices
            field={field}
            label={label}
            needle={needle}
            onNeedle={setNeedle}
          />
        )}
      </div>
    </>
  );
}

function Choices({
  field,
  label,
  needle,
  onNeedle,
}: {
  field: Field;
  label: string;
  needle: string;
  onNeedle: (text: string) => void;
}) {
  void overviewVersion.value;
  const chosen = filter.value[field];
  const counts = facets[field];
  const values = [...new Set([...chosen, ...counts.keys()])]
    .filter((value) =>
      labelOf(field, value).toLowerCase().includes(needle.toLowerCase()),
    )
    .sort((a, b) => order(field, a, b));
  return (
    <>
      <div class="menu" role="group" aria-label={`${label} filter`}>
        {counts.size > 8 && (
          <input
            type="search"
            class="menu-search"
            aria-label={`Find in ${label.toLowerCase()}`}
            placeholder="Find…"
            value={needle}
            onInput={(event) => onNeedle(event.currentTarget.value)}
          />
        )}
        <div class="menu-list">
          {values.slice(0, 200).map((value) => (
            <>
              <label class="choice" key={value}>
                <input
                  type="checkbox"
                  checked={chosen.includes(value)}
                  onChange={() => toggleFilter(field, value)}
                />
                <span class="choice-name" title={value}>
                  {labelOf(field, value)}
                </span>{" "}
                <span class="choice-count">
                  {formatInteger(counts.get(value) ?? 0)}
                </span>
              </label>
            </>
          ))}
          {values.length === 0 && <p class="menu-note">Nothing here yet.</p>}
          {values.length > 200 && (
            <p class="menu-note">
              {values.length - 200} more: narrow them down above.
            </p>
          )}
        </div>
        {chosen.length > 0 && (
          <button
            type="button"
            class="menu-clear"
            onClick={() => changeFilter({ [field]: [] })}
          >
            Show all
          </button>
        )}
      </div>
    </>
  );
}

function labelOf(field: Field, value: string) {
  if (field === "agents") return nameOf(value);
  if (field === "sessions") return shortId(value);
  return value;
}

function order(field: Field, a: string, b: string) {
  if (field === "levels") return LOG_LEVELS.indexOf(a) - LOG_LEVELS.indexOf(b);
  return labelOf(field, a).localeCompare(labelOf(field, b));
}
