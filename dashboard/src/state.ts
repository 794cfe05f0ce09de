/**
 * What the page knows and shows, as signals; the only place that changes it.
 * The big collections are changed in place and announced by a version signal.
 */
import type { AgentEvent, Filter } from "./core/types.ts";
import type { ConnectionStatus } from "./io/connection.ts";
import { batch, computed, effect, signal } from "@preact/signals";
import { EventStore, MAX_EVENTS } from "./core/event_store.ts";
import { countFacets, createFacets } from "./core/facets.ts";
import { compileFilter, emptyFilter, isEmptyFilter } from "./core/filter.ts";
import {
  agentName,
  applyEvent,
  createFleet,
  ofSessions,
  shortId,
} from "./core/fleet.ts";
import { addToLanes, createLanes, trimLanes } from "./core/lanes.ts";
import { LogIndex } from "./core/log_index.ts";
import { needsYou } from "./core/needs_you.ts";
import { advance, FleetHistory } from "./core/replay.ts";
import { fromQuery, isSameStep, toQuery } from "./core/url_state.ts";

/** Shortest time between two updates of the log. */
const LOG_UPDATE_MS = 40;
/** The same while more comes than anyone can read. */
const BUSY_LOG_UPDATE_MS = 90;
const BUSY_EVENTS = 20;
const LOADING_UPDATE_MS = 400;
/** Shortest time between two updates of fleet, timeline and numbers. */
const OVERVIEW_UPDATE_MS = 250;
const ADDRESS_UPDATE_MS = 300;
const DISMISSED_KEY = "adw_dismissed";
const SHORTCUTS_KEY = "adw_shortcuts";

export const store = new EventStore();
export const logIndex = new LogIndex(store);
export let lanes = createLanes();
export let facets = createFacets();
let base = createFleet();
let liveFleet = createFleet();
let fleetHistory: FleetHistory | null = null;

/** Bumped when events came or went: at most every LOG_UPDATE_MS. */
export const logVersion = signal(0);
/** The same for what needs no such haste. */
export const overviewVersion = signal(0);
/** Server time in ms, once a second. */
export const now = signal(Date.now());
export const loading = signal({ done: 0, total: 0 });
export const connection = signal<ConnectionStatus>({
  state: "loading",
  reason: "",
  refusal: "",
  retryAt: 0,
});
/** A line that tells what happened to the stream, "" for none. */
export const streamNotice = signal("");

export const filter = signal<Filter>(emptyFilter());
export const selected = signal<number | null>(null);
/** Which panel is in front on a narrow screen. */
export const panel = signal("fleet");
/** Position in the store at which the log was paused, null when it runs. */
export const pausedAt = signal<number | null>(null);
/** Moves the timeline to an event: `n` grows with each request. */
export const reveal = signal({ time: 0, seq: 0, n: 0 });

export interface Replay {
  /** ms since the epoch */
  at: number;
  playing: boolean;
  speed: number;
}
/** Null when the page shows the present. */
export const replay = signal<Replay | null>(null);
/** Whether keys of one character do anything: some people speak to their computer. */
export const shortcutsOn = signal(readShortcutsOn());
/** The last chosen speed outlives a return to the present. */
export const speed = signal(1);

export const dismissed = signal<ReadonlySet<string>>(new Set(readDismissed()));

let clockOffset = 0;

// ------------------------------------------------------------ derived state

/** Whether the server lets this page see nothing until a person acts. */
export function isShutOut() {
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

/** Of that fleet, the agents of the chosen sessions. */
export const fleet = computed(() => ({
  current: ofSessions(wholeFleet.value.current, chosenSessions.value),
}));

/** Who needs a person, in all sessions. */
const allNeeds = computed(() => {
  // Of half a story one cannot tell who is silent.
  if (connection.value.state === "loading") return [];
  return needsYou(wholeFleet.value.current, moment.value).filter(
    (need) => !dismissed.value.has(need.key),
  );
});

export const needs = computed(() => {
  const { agents } = fleet.value.current;
  return allNeeds.value.filter((need) => agents.has(need.agentId));
});

/** How many need a person in sessions that the filter hides. */
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

function fleetAtMoment() {
  const { value } = replay;
  if (value === null) return liveFleet;
  fleetHistory ??= new FleetHistory(store, base);
  return fleetHistory.fleetAfter(store.countUntil(value.at));
}

export function nameOf(id: string) {
  const agent = liveFleet.agents.get(id);
  return agent === undefined ? shortId(id) : agentName(agent);
}

// ------------------------------------------------------------------- events

let pending: AgentEvent[] = [];
let flushPlanned = false;
let awaitsFrame = false;
let lastLook: ReturnType<typeof setTimeout> | undefined;
let flushedAt = -Infinity;
let flushedEvents = 0;
let overviewAt = -Infinity;
let overviewPlanned = false;

/**
 * Takes in events: stored ones at once, live ones a few times a second.
 *
 * @param total 0 for live events
 */
export function receive(events: AgentEvent[], total: number) {
  if (total > 0) {
    // Live events that still wait came before: after newer ones, the store
    // would take them for repetitions.
    if (pending.length > 0) flush();
    ingest(events, false);
    clearTimeout(lastLook);
    const done = store.length >= Math.min(total, store.maxEvents);
    // Reading goes first: what it shows on the way is a progress report.
    const due = flushedAt + LOADING_UPDATE_MS <= performance.now();
    if (done || due) {
      flushedAt = performance.now();
      loading.value = { done: store.length, total };
      announce();
      // Who is told "live" next may look at once.
      if (done) announceOverview();
    } else {
      // Fewer may come than were counted: the oldest leave, here or there.
      lastLook = setTimeout(flush, LOADING_UPDATE_MS);
    }
    return;
  }
  for (const event of events) pending.push(event);
  // A frame planned before the page was hidden comes when it is shown again.
  if (flushPlanned && !(awaitsFrame && document.hidden)) return;
  flushPlanned = true;
  const pace = flushedEvents > BUSY_EVENTS ? BUSY_LOG_UPDATE_MS : LOG_UPDATE_MS;
  const wait = flushedAt + pace - performance.now();
  // A hidden page gets no animation frames, but has to keep up.
  awaitsFrame = !document.hidden && wait <= 16;
  if (awaitsFrame) requestAnimationFrame(flush);
  else setTimeout(flush, Math.max(wait, 0));
}

function flush() {
  flushPlanned = false;
  flushedAt = performance.now();
  const events = pending;
  flushedEvents = events.length;
  pending = [];
  ingest(events, true);
  announce();
}

function ingest(events: AgentEvent[], live: boolean) {
  const first = store.length;
  store.append(events, { now: Date.now() + clockOffset, live });
  for (let index = first; index < store.length; index++) {
    const event = store.events[index];
    if (event === undefined) break;
    const at = store.happenedAt(index);
    try {
      applyEvent(liveFleet, event, at);
      addToLanes(lanes, event, at);
    } catch (error) {
      // One event that cannot be taken in costs nothing but itself.
      console.error(`Event ${event.seq} could not be taken in.`, error);
    }
    countFacets(facets, event, 1);
  }
  trimStore();
  logIndex.update();
}

function trimStore() {
  const gone = store.trim((event, at) => {
    try {
      applyEvent(base, event, at);
    } catch {
      // Reported when it came.
    }
    countFacets(facets, event, -1);
  });
  if (gone.length === 0) return;
  fleetHistory = null;
  const oldest = store.events[0];
  if (oldest !== undefined) trimLanes(lanes, oldest.seq, store.firstTime);
}

function announce() {
  logVersion.value += 1;
  if (overviewPlanned) return;
  const wait = overviewAt + OVERVIEW_UPDATE_MS - performance.now();
  if (wait <= 0) announceOverview();
  else {
    overviewPlanned = true;
    setTimeout(announceOverview, wait);
  }
}

function announceOverview() {
  overviewPlanned = false;
  overviewAt = performance.now();
  batch(() => {
    now.value = Date.now() + clockOffset;
    overviewVersion.value += 1;
  });
}

/** Forgets every event: the server has a new stream. */
export function resetEvents(notice: string) {
  pending = [];
  store.clear();
  lanes = createLanes();
  facets = createFacets();
  base = createFleet();
  liveFleet = createFleet();
  fleetHistory = null;
  logIndex.clear();
  withoutHistory(() => {
    pausedAt.value = null;
    selected.value = null;
    replay.value = null;
    streamNotice.value = notice;
    announce();
  });
}

/** @returns the newest seq known, waiting ones included */
export function lastSeq(): number {
  return Math.max(store.lastSeq, pending.at(-1)?.seq ?? 0);
}

export function setClockOffset(offsetMs: number) {
  clockOffset = offsetMs;
}

export const maxEvents = MAX_EVENTS;

// ------------------------------------------------------------------ actions

export function changeFilter(change: Partial<Filter>) {
  filter.value = { ...filter.value, ...change };
}

export function clearFilter() {
  filter.value = emptyFilter();
}

/** Shows only one value; all of them again when that one was shown alone. */
export function filterOnly(
  field: "agents" | "types" | "levels" | "sessions",
  value: string,
) {
  const [first, ...others] = filter.value[field];
  const isAlone = first === value && others.length === 0;
  changeFilter({ [field]: isAlone ? [] : [value] });
}

/** Adds or takes away one value of a filter. */
export function toggleFilter(
  field: "agents" | "types" | "levels" | "sessions",
  value: string,
) {
  const values = filter.value[field];
  changeFilter({
    [field]: values.includes(value)
      ? values.filter((other) => other !== value)
      : [...values, value],
  });
}

/** Opens an event in the detail pane, and shows where it lies. */
export function selectEvent(
  seq: number,
  options: { panel?: string; timeline?: boolean } = {},
) {
  batch(() => {
    selected.value = seq;
    if (options.panel !== undefined) panel.value = options.panel;
    if (options.timeline) showInTimeline(seq);
  });
}

export function showInTimeline(seq: number) {
  const index = store.indexOf(seq);
  if (index < 0) return;
  reveal.value = { time: store.happenedAt(index), seq, n: reveal.value.n + 1 };
}

export function togglePause() {
  pausedAt.value =
    pausedAt.value === null ? store.trimmed + store.length : null;
}

export function setShortcutsOn(on: boolean) {
  shortcutsOn.value = on;
  try {
    if (on) localStorage.removeItem(SHORTCUTS_KEY);
    else localStorage.setItem(SHORTCUTS_KEY, "off");
  } catch {
    // Without storage it lasts as long as the page does.
  }
}

function readShortcutsOn() {
  try {
    return localStorage.getItem(SHORTCUTS_KEY) !== "off";
  } catch {
    return true;
  }
}

export function dismissNeed(key: string) {
  dismissed.value = new Set([...dismissed.value, key].slice(-500));
  try {
    sessionStorage.setItem(DISMISSED_KEY, JSON.stringify([...dismissed.value]));
  } catch {
    // Without storage it comes back when the page is loaded again.
  }
}

function readDismissed(): string[] {
  try {
    const keys: unknown = JSON.parse(
      sessionStorage.getItem(DISMISSED_KEY) ?? "[]",
    );
    return Array.isArray(keys) ? keys.map(String) : [];
  } catch {
    return [];
  }
}

// ------------------------------------------------------------------- replay

export function seek(at: number) {
  const clamped = Math.min(Math.max(at, store.firstTime), store.lastTime);
  replay.value = {
    speed: speed.value,
    playing: replay.value?.playing ?? false,
    at: clamped,
  };
}

export function goLive() {
  if (connection.value.state === "offline") {
    seek(store.lastTime);
    return;
  }
  replay.value = null;
}

/** Starts or stops the replay; from the end it starts over. */
export function togglePlay() {
  const current = replay.value;
  if (current?.playing) {
    replay.value = { ...current, playing: false };
    return;
  }
  const at =
    current === null || current.at >= store.lastTime
      ? store.firstTime
      : current.at;
  replay.value = { at, playing: true, speed: speed.value };
}

export function setSpeed(value: number) {
  speed.value = value;
  if (replay.value !== null) replay.value = { ...replay.value, speed: value };
}

/** One step of a running replay. */
function stepReplay(elapsedMs: number) {
  const current = replay.value;
  if (!current?.playing) return;
  const next = store.countUntil(current.at);
  const nextAt = next < store.length ? store.timeAt(next) : Infinity;
  const at = advance(current.at, elapsedMs, current.speed, nextAt);
  withoutHistory(() => {
    if (at < store.lastTime) replay.value = { ...current, at };
    else if (connection.value.state === "offline") {
      replay.value = { ...current, at: store.lastTime, playing: false };
    } else replay.value = null;
  });
}

// ------------------------------------------------------------------ effects

/** Starts what runs by itself: the clock, the filter, the address bar. */
export function startState() {
  showAddress();

  setInterval(() => {
    now.value = Date.now() + clockOffset;
  }, 1_000);

  let steppedAt = 0;
  let stepping = false;
  const step = () => {
    const time = performance.now();
    // 20 steps a second look smooth, and leave time for the rest.
    if (time - steppedAt >= 45) {
      stepReplay(Math.min(time - steppedAt, 1_000));
      steppedAt = time;
    }
    stepping = replay.value?.playing ?? false;
    if (stepping) requestAnimationFrame(step);
  };
  effect(() => {
    if (!replay.value?.playing || stepping) return;
    stepping = true;
    steppedAt = performance.now();
    requestAnimationFrame(step);
  });

  effect(() => {
    const value = filter.value;
    logIndex.setFilter(
      isEmptyFilter(value) ? null : compileFilter(value, nameOf),
    );
    logVersion.value = logVersion.peek() + 1;
  });

  keepAddress();

  effect(() => {
    const count = allNeeds.value.length;
    const title = document.title.replace(/^\(\d+\) /, "");
    document.title = count > 0 ? `(${count}) ${title}` : title;
  });
}

let writesHistory = true;

/** Changes the view without an entry in the browser's history. */
function withoutHistory(change: () => void) {
  const before = writesHistory;
  writesHistory = false;
  try {
    batch(change);
  } finally {
    writesHistory = before;
  }
}

/** Shows what the address bar says. */
function showAddress() {
  const view = fromQuery(location.search);
  withoutHistory(() => {
    filter.value = view.filter;
    selected.value = view.selected;
    panel.value = view.panel;
    replay.value =
      view.at === null
        ? null
        : { at: view.at, playing: false, speed: speed.value };
  });
}

/**
 * Writes the view into the address bar: each step of the user is one that Back
 * takes back; typing, scrubbing and what happens by itself are not.
 */
function keepAddress() {
  let writtenAt = -Infinity;
  let isStep = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const view = {
      filter: filter.value,
      selected: selected.value,
      panel: panel.value,
      at: replay.value?.at ?? null,
    };
    const query = toQuery(view);
    const write = () => {
      const step = isStep;
      isStep = false;
      if (query === location.search) return;
      writtenAt = performance.now();
      const address = query || location.pathname;
      try {
        if (step) history.pushState(null, "", address);
        else history.replaceState(null, "", address);
      } catch {
        // A file opened from disk may not change its address.
      }
    };
    clearTimeout(timer);
    isStep ||= writesHistory && !isSameStep(fromQuery(location.search), view);
    // Browsers refuse more than some hundred changes in half a minute.
    const wait = writtenAt + ADDRESS_UPDATE_MS - performance.now();
    if (isStep || wait <= 0) write();
    else timer = setTimeout(write, wait);
  });
  addEventListener("popstate", () => {
    clearTimeout(timer);
    isStep = false;
    showAddress();
  });
}
