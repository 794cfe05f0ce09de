/**
 * The events that the page holds and what is derived from them. The big
 * collections are changed in place and announced by a version signal.
 */
import { batch } from "@preact/signals";
import { CLOCK_JUMP_MS, EventStore, MAX_EVENTS } from "../core/event_store.ts";
import { countFacets, createFacets } from "../core/facets.ts";
import { agentName, createFleet, shortId } from "../core/fleet.ts";
import { applyEvent } from "../core/fleet_fold.ts";
import { addToLanes, createLanes, trimLanes } from "../core/lanes.ts";
import { LogIndex } from "../core/log_index.ts";
import { FleetHistory } from "../core/replay.ts";
import type { AgentEvent } from "../core/types.ts";
import {
  loading,
  logVersion,
  now,
  overviewVersion,
  pausedAt,
  replay,
  selected,
  streamNotice,
  withoutHistory,
} from "./signals.ts";

/** Shortest time between two updates of the log. */
const LOG_UPDATE_MS = 40;
/** The same while more comes than anyone can read. */
const BUSY_LOG_UPDATE_MS = 90;
const BUSY_EVENTS = 20;
const LOADING_UPDATE_MS = 400;
/** Shortest time between two updates of fleet, timeline and numbers. */
const OVERVIEW_UPDATE_MS = 250;

export const store = new EventStore();
export const logIndex = new LogIndex(store);
export let lanes = createLanes();
export let facets = createFacets();
let base = createFleet();
let liveFleet = createFleet();
let fleetHistory: FleetHistory | null = null;

/** The server's time minus the page's clocks; at first the page's own time. */
let offsets = { wall: 0, steady: Date.now() - performance.now() };

/** The fleet at the moment that the page shows; read only. */
export function fleetAtMoment() {
  const { value } = replay;
  if (value === null) return liveFleet;
  fleetHistory ??= new FleetHistory(store, base);
  return fleetHistory.fleetAfter(store.countUntil(value.at));
}

export function nameOf(id: string) {
  const agent = liveFleet.agents.get(id);
  return agent === undefined ? shortId(id) : agentName(agent);
}

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
  store.append(events, { now: serverTime(), live });
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
    now.value = serverTime();
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

/** @param time the server's time now, in ms */
export function setServerTime(time: number) {
  offsets = { wall: time - Date.now(), steady: time - performance.now() };
}

/** Server time in ms. */
export function serverTime() {
  // By the clock that nobody sets.
  const steady = performance.now() + offsets.steady;
  const wall = Date.now() + offsets.wall;
  // It may stand still while the machine sleeps. Whether it did, or the other
  // clock was set, the server tells within seconds (connection.ts). Until then the
  // later time is right: an earlier one would have true events be from the
  // future, and what they are given instead of their time stays.
  return wall - steady > CLOCK_JUMP_MS ? wall : steady;
}

export const maxEvents = MAX_EVENTS;
