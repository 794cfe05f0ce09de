/**
 * What the address bar says about the view: filters, time range, selection,
 * moment. Everything is optional, and nonsense is ignored.
 */
import type { Filter } from "./types.ts";

export interface ViewState {
  filter: Filter;
  /** seq of the event in the detail pane */
  selected: number | null;
  /** the replay's moment, null when live */
  at: number | null;
  /** the panel in front on a narrow screen */
  panel: string;
}

/** @returns "" or "?agent=…" */
export function toQuery(view: ViewState): string {
  const params = new URLSearchParams();
  for (const value of view.filter.agents) params.append("agent", value);
  for (const value of view.filter.types) params.append("type", value);
  for (const value of view.filter.levels) params.append("level", value);
  for (const value of view.filter.sessions) params.append("session", value);
  if (view.filter.text.trim() !== "") params.set("q", view.filter.text);
  setTime(params, "from", view.filter.from);
  setTime(params, "to", view.filter.to);
  setTime(params, "at", view.at);
  if (view.selected !== null) params.set("event", String(view.selected));
  if (view.panel !== "fleet") params.set("panel", view.panel);
  const query = params.toString();
  return query === "" ? "" : `?${query}`;
}

export function fromQuery(query: string): ViewState {
  const params = new URLSearchParams(query);
  const panel = params.get("panel") ?? "";
  return {
    filter: {
      agents: params.getAll("agent"),
      types: params.getAll("type"),
      levels: params.getAll("level"),
      sessions: params.getAll("session"),
      text: params.get("q") ?? "",
      from: getTime(params, "from"),
      to: getTime(params, "to"),
    },
    selected: getCount(params, "event"),
    at: getTime(params, "at"),
    panel: ["timeline", "log", "numbers"].includes(panel) ? panel : "fleet",
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
