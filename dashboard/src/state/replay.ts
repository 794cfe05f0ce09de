/** Moves the page through the past: seek, play, and back to the present. */
import { effect } from "@preact/signals";
import { advance } from "../core/replay.ts";
import { store } from "./events.ts";
import { connection, replay, speed, withoutHistory } from "./signals.ts";

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

/** Runs the replay while it plays. */
export function startReplay() {
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
}
