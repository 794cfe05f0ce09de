/** Draws the swimlanes. */
import {
  cutText,
  formatClock,
  formatClockMs,
  formatDay,
} from "../core/format.ts";
import {
  type Lane,
  lowerBound,
  MARK_KINDS,
  type MarkKind,
  type Span,
} from "../core/lanes.ts";
import { ticks } from "../core/time_axis.ts";
import type { Surface } from "./canvas.ts";
import {
  LANE_HEIGHT,
  type LaneRow,
  RULER_HEIGHT,
  type Scene,
  timeOf,
  xOf,
} from "./timeline_geometry.ts";

/** Marks nearer than this are drawn as one. */
const MARK_PIXELS = 5;
const MARK_Y = 24;
const FONT = '"Inter", system-ui, sans-serif';

export function drawTimeline(
  context: CanvasRenderingContext2D,
  surface: Surface,
  scene: Scene,
): void {
  const { width, height, color } = surface;
  const first = Math.floor(scene.scrollTop / LANE_HEIGHT);
  const last = Math.min(
    scene.rows.length - 1,
    Math.floor((scene.scrollTop + height - RULER_HEIGHT) / LANE_HEIGHT),
  );
  drawGrid(context, surface, scene);
  for (let index = first; index <= last; index++) {
    const row = scene.rows[index];
    if (row === undefined) continue;
    const top = RULER_HEIGHT + index * LANE_HEIGHT - scene.scrollTop;
    context.save();
    context.beginPath();
    context.rect(0, Math.max(top, RULER_HEIGHT), width, LANE_HEIGHT);
    context.clip();
    drawLane(context, surface, scene, row, top, index);
    context.restore();
  }
  drawMoment(context, surface, scene);
  drawRuler(context, surface, scene);
  if (scene.rows.length === 0) return;
  context.fillStyle = color("--line");
  context.fillRect(scene.gutter - 1, 0, 1, height);
}

function drawGrid(
  context: CanvasRenderingContext2D,
  { width, height, color }: Surface,
  scene: Scene,
) {
  if (scene.rows.length === 0) return;
  context.fillStyle = color("--line-faint");
  for (const time of ticks(scene.range, width - scene.gutter, 90).times) {
    const x = Math.round(xOf(scene, width, time));
    if (x > scene.gutter) context.fillRect(x, RULER_HEIGHT, 1, height);
  }
  if (scene.chosen === null) return;
  const from = Math.max(scene.gutter, xOf(scene, width, scene.chosen.from));
  const to = Math.min(width, xOf(scene, width, scene.chosen.to));
  if (to <= from) return;
  context.fillStyle = color("--accent-soft");
  context.fillRect(from, 0, to - from, height);
}

function drawRuler(
  context: CanvasRenderingContext2D,
  { width, color }: Surface,
  scene: Scene,
) {
  context.fillStyle = color("--surface");
  context.fillRect(0, 0, scene.gutter, RULER_HEIGHT);
  context.fillStyle = color("--line");
  context.fillRect(0, RULER_HEIGHT - 1, width, 1);
  context.font = `11px ${FONT}`;
  context.textBaseline = "middle";
  context.fillStyle = color("--muted");
  const { times, step } = ticks(scene.range, width - scene.gutter, 90);
  for (const time of times) {
    const x = xOf(scene, width, time);
    if (x < scene.gutter || x > width - 64) continue;
    const text =
      step < 1_000
        ? formatClockMs(time)
        : step >= 86_400_000
          ? formatDay(time)
          : formatClock(time);
    context.fillText(text, x + 4, RULER_HEIGHT / 2);
    context.fillRect(Math.round(x), RULER_HEIGHT - 6, 1, 5);
  }
}

function drawMoment(
  context: CanvasRenderingContext2D,
  { width, height, color }: Surface,
  scene: Scene,
) {
  const x = Math.round(xOf(scene, width, scene.moment));
  if (x <= scene.gutter || x > width) return;
  context.fillStyle = color("--surface-veil");
  context.fillRect(x, RULER_HEIGHT, width - x, height);
  context.fillStyle = color(scene.live ? "--line-strong" : "--accent");
  context.fillRect(x, 0, scene.live ? 1 : 2, height);
}

function drawLane(
  context: CanvasRenderingContext2D,
  { width, color }: Surface,
  scene: Scene,
  row: LaneRow,
  top: number,
  index: number,
) {
  const { gutter } = scene;
  context.globalAlpha = row.dim ? 0.35 : 1;
  context.fillStyle = color("--line-faint");
  context.fillRect(0, top + LANE_HEIGHT - 1, width, 1);

  // The name, in the gutter.
  const indent = 10 + Math.min(row.depth, 4) * 10;
  context.fillStyle = color(row.color);
  context.beginPath();
  context.arc(indent + 3, top + LANE_HEIGHT / 2, 3.5, 0, 2 * Math.PI);
  context.fill();
  context.font = `500 12px ${FONT}`;
  context.textBaseline = "middle";
  context.fillStyle = color("--ink");
  const room = gutter - indent - 20;
  context.fillText(
    fitText(context, row.name, room),
    indent + 13,
    top + LANE_HEIGHT / 2,
  );

  const { lane } = row;
  if (lane === undefined) return;
  context.beginPath();
  context.rect(gutter, top, width - gutter, LANE_HEIGHT);
  context.clip();

  // Its life, as a thin line below the spans.
  const end = Math.min(lane.end, Math.max(scene.moment, lane.start));
  const lifeFrom = Math.max(gutter, xOf(scene, width, lane.start));
  const lifeTo = Math.min(width, xOf(scene, width, end));
  context.fillStyle = color("--lane-life");
  context.fillRect(lifeFrom, top + MARK_Y - 1, lifeTo - lifeFrom, 2);

  for (const span of lane.spans) {
    if (span.start > scene.range.to || span.end < scene.range.from) continue;
    drawSpan(context, color, scene, width, span, top);
  }
  drawMarks(context, color, scene, lane, width, top);
  if (scene.cursor?.row === index) {
    const time = lane.times[scene.cursor.mark];
    if (time !== undefined) {
      context.strokeStyle = color("--accent");
      context.lineWidth = 2;
      context.beginPath();
      context.arc(xOf(scene, width, time), top + MARK_Y, 7, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}

function drawSpan(
  context: CanvasRenderingContext2D,
  color: (variable: string) => string,
  scene: Scene,
  width: number,
  span: Span,
  top: number,
) {
  const open = span.end === Infinity;
  const end = Math.max(open ? scene.moment : span.end, span.start);
  const from = Math.max(scene.gutter - 4, xOf(scene, width, span.start));
  const to = Math.min(width + 4, xOf(scene, width, end));
  const y = top + 2 + span.depth * 3;
  const tall = 15 - span.depth * 3;
  const wide = Math.max(2, to - from - 1);
  const kind = span.failed ? "failed" : open ? "open" : "done";
  context.fillStyle = color(`--span-${kind}${span.depth > 0 ? "-inner" : ""}`);
  context.beginPath();
  context.roundRect(from, y, wide, tall, Math.min(4, wide / 2));
  context.fill();
  if (wide < 34) return;
  context.font = `500 11px ${FONT}`;
  context.fillStyle = color(`--span-${kind}-ink`);
  const x = Math.max(from, scene.gutter) + 6;
  context.fillText(
    fitText(context, span.name, to - x - 6),
    x,
    y + tall / 2 + 0.5,
  );
}

function drawMarks(
  context: CanvasRenderingContext2D,
  color: (variable: string) => string,
  scene: Scene,
  lane: Lane,
  width: number,
  top: number,
) {
  const { times, kinds, seqs } = lane;
  const y = top + MARK_Y;
  let index = lowerBound(times, scene.range.from);
  while (index < times.length) {
    const time = times[index] ?? Infinity;
    if (time > scene.range.to) break;
    const x = xOf(scene, width, time);
    const until = timeOf(scene, width, x + MARK_PIXELS);
    let kind = kinds[index] ?? 0;
    let chosen = false;
    while (index < times.length && (times[index] ?? Infinity) < until) {
      kind = Math.max(kind, kinds[index] ?? 0);
      chosen ||= seqs[index] === scene.selectedSeq;
      index += 1;
    }
    const name = MARK_KINDS[kind] ?? "other";
    context.fillStyle = color(`--mark-${name}`);
    drawMark(context, name, x, y);
    if (chosen) {
      context.strokeStyle = color("--ink");
      context.lineWidth = 1.5;
      context.beginPath();
      context.arc(x, y, 7, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}

/** A shape for each kind, so that colour is not the only difference. */
function drawMark(
  context: CanvasRenderingContext2D,
  kind: MarkKind,
  x: number,
  y: number,
) {
  context.beginPath();
  switch (kind) {
    case "error":
      context.moveTo(x, y - 5.5);
      context.lineTo(x + 5.5, y);
      context.lineTo(x, y + 5.5);
      context.lineTo(x - 5.5, y);
      break;
    case "needs":
    case "warning":
      context.moveTo(x, y - 5);
      context.lineTo(x + 5, y + 4);
      context.lineTo(x - 5, y + 4);
      break;
    case "tool":
      context.rect(x - 1, y - 4, 2, 8);
      break;
    case "prompt":
      context.arc(x, y, 3, 0, 2 * Math.PI);
      break;
    case "status":
      context.rect(x - 3, y - 3, 6, 6);
      break;
    case "other":
      context.rect(x - 1, y - 2, 2, 4);
  }
  context.fill();
}

const fitted = new Map<string, string>();

/** A text cut to a width, with an ellipsis. */
function fitText(
  context: CanvasRenderingContext2D,
  text: string,
  width: number,
) {
  const key = `${context.font}\n${Math.round(width)}\n${text}`;
  const known = fitted.get(key);
  if (known !== undefined) return known;
  let fit = text;
  if (width < 10) fit = "";
  else if (context.measureText(text).width > width) {
    let low = 0;
    let high = text.length;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const part = `${cutText(text, middle).trimEnd()}…`;
      if (context.measureText(part).width <= width) low = middle;
      else high = middle - 1;
    }
    fit = low === 0 ? "" : `${cutText(text, low).trimEnd()}…`;
  }
  if (fitted.size > 2_000) fitted.clear();
  fitted.set(key, fit);
  return fit;
}
