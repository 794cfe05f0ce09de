/** Sessions of coding agents, as a table that fits the terminal. */
import type { AgentSession } from "../watch/program.ts";
import type { Colors } from "./colors.ts";
import { printable } from "./report-error.ts";

/** Between two columns. */
const GAP = 2;
/** A title that is cut to less says nothing. */
const SHORTEST_TITLE = 16;

interface Column {
  head: string;
  /** Of those that do not fit, the ones with the highest number go first. */
  rank: number;
  /** Characters. */
  most: number;
  isRight?: boolean;
  cell: (session: AgentSession, now: number) => string;
}

const AGENTS: Readonly<Record<string, string>> = {
  "claude-code": "claude",
  "gemini-cli": "gemini",
};
const STATUSES: Readonly<Record<string, string>> = {
  initializing: "starting",
  executing: "working",
  completed: "done",
  cancelled: "stopped",
};

const COLUMNS: readonly Column[] = [
  {
    head: "project",
    rank: 0,
    most: 24,
    cell: ({ project }) => project ?? "-",
  },
  {
    head: "agent",
    rank: 2,
    most: 12,
    cell: ({ source }) => AGENTS[source] ?? source,
  },
  {
    head: "status",
    rank: 1,
    most: 10,
    cell: ({ status }) => STATUSES[status] ?? status,
  },
  {
    head: "active",
    rank: 4,
    most: 8,
    isRight: true,
    cell: ({ last_activity }, now) => age(now - Date.parse(last_activity)),
  },
  { head: "model", rank: 6, most: 20, cell: ({ model }) => model ?? "-" },
  {
    head: "tokens",
    rank: 5,
    most: 8,
    isRight: true,
    cell: (session) => shortNumber(tokensOf(session)),
  },
  { head: "cost", rank: 3, most: 10, isRight: true, cell: costOf },
];

/** @param width - of the terminal, in characters */
export function sessionTable(
  sessions: readonly AgentSession[],
  { width, now, colors }: { width: number; now: number; colors: Colors },
): string {
  const columns = COLUMNS.map((column) => {
    const cells = sessions.map((session) =>
      cut(oneLine(column.cell(session, now)), column.most),
    );
    const widths = [column.head, ...cells].map((text) => text.length);
    return { ...column, cells, width: Math.max(...widths) };
  });
  const needed = () =>
    columns.reduce((sum, column) => sum + column.width + GAP, -GAP);
  while (columns.length > 1 && needed() > width) {
    const [last] = columns.toSorted((a, b) => b.rank - a.rank);
    columns.splice(
      columns.findIndex((column) => column === last),
      1,
    );
  }
  const room = width - needed() - GAP;
  const titles = room < SHORTEST_TITLE ? undefined : "title";
  const line = (texts: readonly string[], title: string) =>
    [
      ...columns.map(({ width: own, isRight }, index) => {
        const text = texts[index] ?? "";
        return isRight === true ? text.padStart(own) : text.padEnd(own);
      }),
      ...(titles === undefined ? [] : [cut(title, room)]),
    ]
      .join(" ".repeat(GAP))
      .trimEnd();
  const heads = columns.map(({ head }) => head);
  const rows = sessions.map(({ title }, index) =>
    line(
      columns.map(({ cells }) => cells[index] ?? ""),
      oneLine(title ?? ""),
    ),
  );
  return [colors.dim(line(heads, "title")), ...rows, "", total(sessions)].join(
    "\n",
  );
}

/** How many there are, and what they used, with what the marks of the costs mean. */
function total(sessions: readonly AgentSession[]): string {
  const tokens = sessions.reduce((sum, session) => sum + tokensOf(session), 0);
  const known = sessions.flatMap(({ cost_usd }) => cost_usd ?? []);
  const usd = known.reduce((sum, cost) => sum + cost, 0);
  const has = (...sources: readonly AgentSession["cost_source"][]) =>
    sessions.some(({ cost_source }) => sources.includes(cost_source));
  const isPartial = has("partial", "unknown");
  const mark = isPartial ? "≥ " : has("estimated", "mixed") ? "~" : "";
  const notes = [
    ...(has("estimated", "mixed") ? ["~ by the price table"] : []),
    ...(has("partial") ? ["≥ some requests have no known price"] : []),
    ...(has("unknown") ? ["? no known price"] : []),
  ];
  return [
    `${counted(sessions.length, "session")}, ${shortNumber(tokens)} tokens, ${known.length === 0 ? "cost unknown" : `${mark}${dollars(usd)}`}`,
    ...notes,
  ].join("\n");
}

export function counted(count: number, word: string): string {
  return `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
}

function tokensOf(session: AgentSession): number {
  return (
    session.tokens_input +
    session.tokens_output +
    session.tokens_cache_read +
    session.tokens_cache_write
  );
}

function costOf({ cost_usd, cost_source }: AgentSession): string {
  if (cost_usd === null) return "?";
  const mark = {
    reported: "",
    estimated: "~",
    mixed: "~",
    partial: "≥",
    unknown: "?",
  }[cost_source];
  return `${mark}${dollars(cost_usd)}`;
}

function dollars(usd: number): string {
  return `$${usd.toFixed(usd > 0 && usd < 0.01 ? 4 : 2)}`;
}

/** 999, 1.2k, 34k, 5.6M. */
function shortNumber(count: number): string {
  const units: readonly [number, string][] = [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ];
  for (const [size, unit] of units) {
    if (count < size) continue;
    const value = count / size;
    return `${value.toFixed(value < 10 ? 1 : 0)}${unit}`;
  }
  return String(count);
}

function age(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "now";
  if (minutes < 60) return `${String(minutes)}m ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48
    ? `${String(hours)}h ago`
    : `${String(Math.floor(hours / 24))}d ago`;
}

/** What an agent or a person wrote must not move the cursor. */
function oneLine(text: string): string {
  return printable(text.replaceAll(/\s+/g, " ").trim());
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
