/**
 * Formats events for a terminal, one aligned line each. Pure: what goes in is an
 * event and the terminal's abilities, what comes out is a string.
 *
 *      4.3s  rate-limit/scout   · tool     Grep rate-limit             512 ms
 */
import type { NewEvent } from "../../templates/adws/adw_modules/adw_events.ts";

/** What is shown of an event. */
export type ShownEvent = Omit<NewEvent, "log_type">;

export interface TerminalAbilities {
  /** Columns; Infinity where lines may be of any length (a pipe, a file). */
  width: number;
  isColoured: boolean;
}

/** SGR codes of the 16-colour palette, which every theme makes readable. */
const STYLES = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
} as const;

type Style = keyof typeof STYLES;

const AGENT_STYLES: readonly Style[] = ["cyan", "magenta", "blue"];

interface Label {
  mark: string;
  text: string;
  style?: Style;
  /** Routine: the message steps back too. */
  isQuiet?: boolean;
  /** The colour is for the label alone. */
  isPlainMessage?: boolean;
}

const LABELS: Readonly<Record<string, Label>> = {
  adw_created: { mark: "◆", text: "workflow", style: "bold" },
  adw_step_change: { mark: "◆", text: "phase", style: "bold" },
  adw_updated: { mark: "◆", text: "workflow", style: "bold" },
  agent_created: { mark: "○", text: "created", isQuiet: true },
  agent_started: {
    mark: "●",
    text: "started",
    style: "cyan",
    isPlainMessage: true,
  },
  agent_status_changed: { mark: "~", text: "status", isQuiet: true },
  agent_completed: { mark: "✓", text: "done", style: "green" },
  agent_failed: { mark: "✗", text: "failed", style: "red" },
  agent_cancelled: { mark: "✗", text: "cancelled", style: "yellow" },
  step_start: { mark: "▸", text: "step", isQuiet: true },
  step_end: { mark: "▪", text: "step", isQuiet: true },
  prompt_sent: { mark: "→", text: "prompt" },
  prompt_completed: { mark: "←", text: "answer" },
  tool_call: { mark: "·", text: "tool" },
  error: { mark: "✗", text: "error", style: "red" },
  milestone: { mark: "◆", text: "milestone", style: "green" },
  performance: { mark: "≈", text: "measure" },
  cost_update: { mark: "$", text: "cost" },
  permission_request: { mark: "?", text: "needs you", style: "yellow" },
  notification: { mark: "?", text: "needs you", style: "yellow" },
  event: { mark: "·", text: "event" },
};

const TIME_WIDTH = 6;
const LABEL_WIDTH = 12;
const DETAIL_WIDTH = 22;

interface Layout {
  hasTime: boolean;
  hasDetails: boolean;
  nameWidth: number;
  messageWidth: number;
}

/** A narrow terminal shows no details; a very narrow one no time either. */
function layoutFor(width: number): Layout {
  const hasTime = width >= 60;
  const hasDetails = width >= 96;
  const nameWidth = hasDetails ? 20 : hasTime ? 17 : 12;
  const timeSpace = hasTime ? TIME_WIDTH + 2 : 0;
  const detailSpace = hasDetails ? DETAIL_WIDTH + 2 : 0;
  // The last column stays free: some terminals break the line when it is used.
  const used = timeSpace + nameWidth + 1 + LABEL_WIDTH + 1 + detailSpace + 1;
  const messageWidth = Math.max(0, width - used);
  return { hasTime, hasDetails, nameWidth, messageWidth };
}

/** Remembers the names and the depth of agents, which only some events carry. */
export class TerminalView {
  readonly #abilities: () => TerminalAbilities;
  readonly #agents = new Map<string, { name: string; depth: number }>();
  readonly #groups = new Map<string, Style>();
  #startMs: number | undefined;

  /** The abilities are asked for each line: a terminal can be resized. */
  constructor(abilities: () => TerminalAbilities) {
    this.#abilities = abilities;
  }

  line(event: ShownEvent): string {
    const { width, isColoured } = this.#abilities();
    const { hasTime, hasDetails, nameWidth, messageWidth } = layoutFor(width);
    const paint = (style: Style | undefined, text: string) =>
      style === undefined || !isColoured
        ? text
        : `\u001b[${String(STYLES[style])}m${text}\u001b[0m`;

    const { name, depth } = this.#agent(event);
    const label = labelOf(event);
    const style = label.style ?? levelStyle(event.log_level);
    const tone = style ?? (label.isQuiet === true ? "dim" : undefined);
    const time = `${this.#seconds(event).padStart(TIME_WIDTH)}  `;
    const shownName = fit(depth === 0 ? name : `└ ${name}`, nameWidth);
    const shownLabel = fit(`${label.mark} ${label.text}`, LABEL_WIDTH);
    const message = oneLine(event.message);
    const detail = hasDetails ? details(event.metadata) : "";
    // In a pipe a line may be of any length: nothing is cut or padded.
    const isFree = width === Infinity;
    const freed = hasDetails && detail === "" ? DETAIL_WIDTH + 2 : 0;
    const space = messageWidth + freed;
    const shownMessage = isFree ? message : fit(message, space);
    const shownDetail = isFree ? detail : detail.padStart(DETAIL_WIDTH);
    const line = [
      hasTime ? paint("dim", time) : "",
      paint(this.#groupStyle(event.agent_id, name), shownName),
      " ",
      paint(tone, shownLabel),
      " ",
      paint(label.isPlainMessage === true ? undefined : tone, shownMessage),
    ];
    if (detail !== "") line.push("  ", paint("dim", shownDetail));
    return line.join("").trimEnd();
  }

  #agent(event: ShownEvent): { name: string; depth: number } {
    const { name, parent_agent_id: parentId } = event.metadata;
    if (typeof name === "string") {
      const parent =
        typeof parentId === "string" ? this.#agents.get(parentId) : undefined;
      const depth = parent === undefined ? 0 : parent.depth + 1;
      this.#agents.set(event.agent_id, { name: oneLine(name), depth });
    }
    const known = this.#agents.get(event.agent_id);
    return known ?? { name: oneLine(event.agent_id), depth: 0 };
  }

  /** One colour a workflow ("search/…"), so that parallel ones can be told apart. */
  #groupStyle(agentId: string, name: string): Style {
    if (agentId === "system") return "bold";
    const [group = ""] = name.split("/");
    const next = AGENT_STYLES[this.#groups.size % AGENT_STYLES.length];
    const style = this.#groups.get(group) ?? next ?? "cyan";
    this.#groups.set(group, style);
    return style;
  }

  #seconds(event: ShownEvent): string {
    const ms = Date.parse(event.timestamp);
    this.#startMs ??= ms;
    return `${((ms - this.#startMs) / 1_000).toFixed(1)}s`;
  }
}

/** What the stream allows: colour needs a terminal and no NO_COLOR (no-color.org). */
export function terminalAbilities(
  stream: { isTTY?: boolean; columns?: number },
  environment: Readonly<Record<string, string | undefined>>,
): TerminalAbilities {
  const isTerminal = stream.isTTY === true;
  const { NO_COLOR, TERM } = environment;
  const isPlain = (NO_COLOR ?? "") !== "" || TERM === "dumb";
  return {
    width: isTerminal ? (stream.columns ?? 80) : Infinity,
    isColoured: isTerminal && !isPlain,
  };
}

function labelOf({ event_type: type }: ShownEvent): Label {
  return LABELS[type] ?? { mark: "·", text: oneLine(type) };
}

function levelStyle(level: string): Style | undefined {
  if (level === "error" || level === "critical") return "red";
  return level === "warning" ? "yellow" : undefined;
}

/** "12.4k→1.1k $0.0612", "512 ms", or nothing. */
function details(metadata: Record<string, unknown>): string {
  const { tokens_input, tokens_output, cost_usd, duration_ms } = metadata;
  const parts: string[] = [];
  const hasTokens = typeof tokens_input === "number" && tokens_input > 0;
  if (hasTokens && typeof tokens_output === "number") {
    parts.push(`${thousands(tokens_input)}→${thousands(tokens_output)}`);
    if (typeof cost_usd === "number") parts.push(`$${cost_usd.toFixed(2)}`);
  } else if (typeof duration_ms === "number") {
    parts.push(duration(duration_ms));
  }
  return parts.join("  ");
}

function thousands(count: number): string {
  return count < 1_000 ? String(count) : `${(count / 1_000).toFixed(1)}k`;
}

function duration(ms: number): string {
  return ms < 1_000 ? `${String(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** Events come from agents: a control character must not reach the terminal. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** Cuts or pads a text to exactly so many columns; a cut ends in "…". */
function fit(text: string, width: number): string {
  const characters = Array.from(text);
  const widths = characters.map((character) => (WIDE.test(character) ? 2 : 1));
  const total = widths.reduce((sum, each) => sum + each, 0);
  if (total <= width) return text + " ".repeat(width - total);
  if (width <= 0) return "";
  let kept = "";
  let used = 0;
  for (const [index, character] of characters.entries()) {
    used += widths[index] ?? 1;
    if (used > width - 1) break;
    kept += character;
  }
  return fit(`${kept}…`, width);
}
