/**
 * What the address bar says about the view: filters, time range, selection,
 * moment. Everything is optional, and nonsense is ignored.
 */
import { emptyFilter } from "./filter.ts";
import { FILTER_FIELDS, type Filter } from "./types.ts";
import { USAGE_KEYS, type UsageKey } from "./usage.ts";

export interface ViewState {
  filter: Filter;
  /** seq of the event in the detail pane */
  selected: number | null;
  /** the replay's moment, null when live */
  at: number | null;
  /** the panel in front on a narrow screen, or below the timeline */
  panel: string;
  /** keys of the tree's finished parts that are shown */
  open: readonly string[];
  /** keys of the tree's rows whose children are hidden */
  folded: readonly string[];
  /** what the numbers are told by */
  by: UsageKey;
}

const PANELS = new Set(["timeline", "log", "story", "numbers"]);

/** @returns "" or "?agent=…" */
export function toQuery(view: ViewState): string {
  const params = new URLSearchParams();
  for (const field of FILTER_FIELDS) {
    for (const value of view.filter[field]) {
      params.append(field.slice(0, -1), value);
    }
  }
  if (view.filter.text.trim() !== "") params.set("q", view.filter.text);
  setTime(params, "from", view.filter.from);
  setTime(params, "to", view.filter.to);
  setTime(params, "at", view.at);
  if (view.selected !== null) params.set("event", String(view.selected));
  if (view.panel !== "fleet") params.set("panel", view.panel);
  for (const key of view.open) params.append("open", key);
  for (const key of view.folded) params.append("fold", key);
  if (view.by !== "agent") params.set("by", view.by);
  const query = params.toString();
  return query === "" ? "" : `?${query}`;
}

export function fromQuery(query: string): ViewState {
  const params = new URLSearchParams(query);
  const panel = params.get("panel") ?? "";
  const by = params.get("by");
  const filter: Filter = {
    ...emptyFilter(),
    text: params.get("q") ?? "",
    from: getTime(params, "from"),
    to: getTime(params, "to"),
  };
  for (const field of FILTER_FIELDS) {
    filter[field] = params.getAll(field.slice(0, -1));
  }
  return {
    filter,
    selected: getCount(params, "event"),
    at: getTime(params, "at"),
    panel: PANELS.has(panel) ? panel : "fleet",
    open: params.getAll("open"),
    folded: params.getAll("fold"),
    by: USAGE_KEYS.find((key) => key === by) ?? "agent",
  };
}

/**
 * Whether two views belong to one step of the user: they differ in nothing but
 * the text typed, the moment of a replay, or which event is open.
 */
export function isSameStep(before: ViewState, after: ViewState) {
  const isOpen = before.selected !== null && after.selected !== null;
  const isReplay = before.at !== null && after.at !== null;
  const changed = {
    ...after,
    filter: { ...after.filter, text: before.filter.text },
    selected: isOpen ? before.selected : after.selected,
    at: isReplay ? before.at : after.at,
  };
  return toQuery(changed) === toQuery(before);
}

function setTime(params: URLSearchParams, name: string, time: number | null) {
  if (time !== null && Number.isFinite(time))
    params.set(name, new Date(time).toISOString());
}

function getTime(params: URLSearchParams, name: string) {
  const time = Date.parse(params.get(name) ?? "");
  return Number.isNaN(time) ? null : time;
}

function getCount(params: URLSearchParams, name: string) {
  const text = params.get(name) ?? "";
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null;
}
