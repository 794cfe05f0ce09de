/** The bar that moves through time: histogram, scrubber, speed, live. */
import type { TargetedInputEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { formatClock, formatDay } from "../core/format.ts";
import {
  connection,
  goLive,
  overviewVersion,
  replay,
  seek,
  setSpeed,
  speed,
  store,
  togglePlay,
} from "../state.ts";
import { useCanvas } from "./canvas.ts";
import { Icon } from "./icons.tsx";

const SPEEDS = [1, 10, 100];
/** The slider counts in thousandths of the whole time. */
const STEPS = 1_000;

export function Transport() {
  void overviewVersion.value;
  const { firstTime, lastTime } = store;
  const span = Math.max(1, lastTime - firstTime);
  const current = replay.value;
  const at = current?.at ?? lastTime;
  const offline = connection.value.state === "offline";
  const empty = store.length === 0;
  const label =
    current === null ? "Live" : `${formatDay(at)}, ${formatClock(at)}`;

  const onInput = (event: TargetedInputEvent<HTMLInputElement>) => {
    const value = Number(event.currentTarget.value);
    seek(firstTime + (value / STEPS) * span);
  };
  return (
    <footer class="transport" aria-label="Replay">
      <button
        type="button"
        class="icon-button play"
        aria-label={current?.playing ? "Stop the replay" : "Play the past"}
        title={current?.playing ? "Stop (p)" : "Play the past (p)"}
        disabled={empty}
        onClick={togglePlay}
      >
        <Icon name={current?.playing ? "pause" : "play"} />
      </button>
      <div class="speeds" role="group" aria-label="Replay speed">
        {SPEEDS.map((value) => (
          <button
            type="button"
            aria-pressed={speed.value === value}
            onClick={() => setSpeed(value)}
          >
            {value}×
          </button>
        ))}
      </div>
      <span class="transport-time" data-testid="moment">
        {empty ? "–" : formatClock(at)}
      </span>
      <div class="scrubber">
        <Histogram from={firstTime} to={lastTime} at={at} />
        <input
          type="range"
          min="0"
          max={STEPS}
          step="1"
          aria-label="Moment"
          aria-valuetext={label}
          disabled={empty}
          value={Math.round(((at - firstTime) / span) * STEPS)}
          onInput={onInput}
        />
      </div>
      {!offline && (
        <button
          type="button"
          class="live-button"
          aria-pressed={current === null}
          data-state={connection.value.state}
          title="Back to live (l)"
          onClick={goLive}
        >
          <span class="pill-dot" aria-hidden="true"></span> Live
        </button>
      )}
    </footer>
  );
}

/** How many events there were, over the whole time. */
function Histogram({ from, to, at }: { from: number; to: number; at: number }) {
  const canvas = useRef<HTMLCanvasElement | null>(null);
  const redraw = useCanvas(canvas, (context, { width, height, color }) => {
    if (store.length === 0) return;
    const bars = Math.max(1, Math.floor(width / 3));
    const step = Math.max(1, (to - from) / bars);
    const counts = [];
    let before = 0;
    for (let bar = 1; bar <= bars; bar++) {
      const until =
        bar === bars ? store.length : store.countUntil(from + bar * step);
      counts.push(until - before);
      before = until;
    }
    const most = Math.max(1, ...counts);
    counts.forEach((count, bar) => {
      if (count === 0) return;
      // The root keeps a quiet hour visible beside a busy minute.
      const tall = Math.max(2, Math.sqrt(count / most) * (height - 2));
      const past = from + bar * step <= at;
      context.fillStyle = color(past ? "--histogram-past" : "--histogram");
      context.fillRect(bar * 3, height - tall, 2, tall);
    });
  });
  useEffect(redraw);
  return <canvas class="histogram" ref={canvas} aria-hidden="true"></canvas>;
}
