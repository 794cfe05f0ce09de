/**
 * The state of the page: what it knows and shows, and the actions that change
 * it. Views read signals and call actions; only this file and its rooms in
 * state/ write them.
 */
import { batch, computed, effect, type ReadonlySignal } from "@preact/signals";
import { compileFilter, emptyFilter, isEmptyFilter } from "./core/filter.ts";
import { partOf } from "./core/fleet.ts";
import { needsYou } from "./core/needs_you.ts";
import type { Filter, FilterField } from "./core/types.ts";
import type { UsageKey } from "./core/usage.ts";
import type { ConnectionStatus } from "./io/connection.ts";
import { keepDismissed, keepShortcutsOn } from "./io/preferences.ts";
import { keepAddress, showAddress } from "./state/address.ts";
import {
  fleetAtMoment,
  logIndex,
  nameOf,
  serverTime,
  store,
} from "./state/events.ts";
import { startReplay } from "./state/replay.ts";
import * as signals from "./state/signals.ts";

export {
  facets,
  lanes,
  lastSeq,
  logIndex,
  maxEvents,
  nameOf,
  receive,
  resetEvents,
  setServerTime,
  store,
} from "./state/events.ts";
export { goLive, seek, setSpeed, togglePlay } from "./state/replay.ts";
export type { Replay } from "./state/signals.ts";

// Read only: what changes them is below.
export const logVersion: ReadonlySignal<number> = signals.logVersion;
export const overviewVersion: ReadonlySignal<number> = signals.overviewVersion;
export const now: ReadonlySignal<number> = signals.now;
export const loading: ReadonlySignal<{ done: number; total: number }> =
  signals.loading;
export const connection: ReadonlySignal<ConnectionStatus> = signals.connection;
export const streamNotice: ReadonlySignal<string> = signals.streamNotice;
export const filter: ReadonlySignal<Filter> = signals.filter;
export const selected: ReadonlySignal<number | null> = signals.selected;
export const panel: ReadonlySignal<string> = signals.panel;
export const open: ReadonlySignal<readonly string[]> = signals.open;
export const folded: ReadonlySignal<readonly string[]> = signals.folded;
export const usageKey: ReadonlySignal<UsageKey> = signals.usageKey;
export const pausedAt: ReadonlySignal<number | null> = signals.pausedAt;
export const reveal: ReadonlySignal<signals.Reveal> = signals.reveal;
export const replay: ReadonlySignal<signals.Replay | null> = signals.replay;
export const shortcutsOn: ReadonlySignal<boolean> = signals.shortcutsOn;
export const speed: ReadonlySignal<number> = signals.speed;

// ------------------------------------------------------------ derived state

/** Whether the server lets this page see nothing until a person acts. */
export function isUnauthorized() {
  return ["token", "origin"].includes(connection.value.refusal);
}

/** The moment the page shows. */
export const moment = computed(() => replay.value?.at ?? now.value);

/** The fleet at that moment; read only. */
const wholeFleet = computed(() => {
  void overviewVersion.value;
  // A new object each time, so that what depends on it notices the change.
  return { current: fleetAtMoment() };
});

const chosenSessions = computed(() => filter.value.sessions);
const chosenProjects = computed(() => filter.value.projects);
const chosenSources = computed(() => filter.value.sources);

/** What part of the fleet is shown: a filter's text changes nothing of it. */
export const scope = computed(() => ({
  sessions: chosenSessions.value,
  projects: chosenProjects.value,
  sources: chosenSources.value,
}));

/** The agents of the chosen sessions, projects and sources. */
export const fleet = computed(() => ({
  current: partOf(wholeFleet.value.current, scope.value),
}));

/** Who needs a person, in the whole fleet. */
const allNeeds = computed(() => {
  // Of half a story one cannot tell who is silent.
  if (connection.value.state === "loading") return [];
  return needsYou(wholeFleet.value.current, moment.value).filter(
    (need) => !signals.dismissed.value.has(need.key),
  );
});

export const needs = computed(() => {
  const { agents } = fleet.value.current;
  return allNeeds.value.filter((need) => agents.has(need.agentId));
});

/** How many need a person where the filter hides them. */
export const needsElsewhere = computed(
  () => allNeeds.value.length - needs.value.length,
);

/** Position in the store where the shown log ends. */
export const logEnd = computed(() => {
  void logVersion.value;
  const { value } = replay;
  const end =
    value === null
      ? store.trimmed + store.length
      : store.trimmed + store.countUntil(value.at);
  return Math.min(end, pausedAt.value ?? Infinity);
});

// ------------------------------------------------------------------ actions

/** What became of the connection to the server. */
export function setConnection(status: ConnectionStatus) {
  signals.connection.value = status;
}

/** A line on top of the page that tells what happened. */
export function showNotice(text: string) {
  signals.streamNotice.value = text;
}

export function dismissNotice() {
  signals.streamNotice.value = "";
}

/** Brings a panel to the front on a narrow screen. */
export function showPanel(name: string) {
  signals.panel.value = name;
}

export function closeEvent() {
  signals.selected.value = null;
}

export function changeFilter(change: Partial<Filter>) {
  signals.filter.value = { ...filter.value, ...change };
}

export function clearFilter() {
  signals.filter.value = emptyFilter();
}

/** Shows only one value; all of them again when that one was shown alone. */
export function filterOnly(field: FilterField, value: string) {
  const [first, ...others] = filter.value[field];
  const isAlone = first === value && others.length === 0;
  changeFilter({ [field]: isAlone ? [] : [value] });
}

/** Adds or takes away one value of a filter. */
export function toggleFilter(field: FilterField, value: string) {
  changeFilter({ [field]: toggled(filter.value[field], value) });
}

/** Shows the finished part of a tree's row, or hides it. */
export function toggleOpen(key: string) {
  signals.open.value = toggled(open.value, key);
}

/** Hides the children of a tree's row, or shows them. */
export function toggleFold(key: string) {
  signals.folded.value = toggled(folded.value, key);
}

export function countUsageBy(key: UsageKey) {
  signals.usageKey.value = key;
}

/** Shows the story of a session, at the event that is open. */
export function tellStory(session: string) {
  batch(() => {
    changeFilter({ sessions: [session], agents: [] });
    showPanel("story");
  });
}

function toggled<T>(values: readonly T[], value: T) {
  return values.includes(value)
    ? values.filter((other) => other !== value)
    : [...values, value];
}

/** Opens an event in the detail pane, and shows where it lies. */
export function selectEvent(
  seq: number,
  options: { panel?: string; timeline?: boolean } = {},
) {
  batch(() => {
    signals.selected.value = seq;
    if (options.panel !== undefined) signals.panel.value = options.panel;
    if (options.timeline) showInTimeline(seq);
  });
}

export function showInTimeline(seq: number) {
  const index = store.indexOf(seq);
  if (index < 0) return;
  signals.reveal.value = {
    time: store.happenedAt(index),
    seq,
    n: reveal.value.n + 1,
  };
}

export function togglePause() {
  signals.pausedAt.value =
    pausedAt.value === null ? store.trimmed + store.length : null;
}

export function setShortcutsOn(on: boolean) {
  signals.shortcutsOn.value = on;
  keepShortcutsOn(on);
}

export function dismissNeed(key: string) {
  const keys = [...signals.dismissed.value, key].slice(-500);
  signals.dismissed.value = new Set(keys);
  keepDismissed(keys);
}

/** Starts what runs by itself: the clock, the filter, the address bar. */
export function startState() {
  showAddress();

  setInterval(() => {
    signals.now.value = serverTime();
  }, 1_000);

  startReplay();

  effect(() => {
    const value = filter.value;
    logIndex.setFilter(
      isEmptyFilter(value) ? null : compileFilter(value, nameOf),
    );
    signals.logVersion.value = signals.logVersion.peek() + 1;
  });

  keepAddress();

  effect(() => {
    const count = allNeeds.value.length;
    const title = document.title.replace(/^\(\d+\) /, "");
    document.title = count > 0 ? `(${count}) ${title}` : title;
  });
}
