/**
 * The fleet in the order it is shown: by project, session and agent, those that
 * work or wait first, the finished ones folded away below. Where no event names
 * a project or a source it is the plain tree of agents.
 */
import { type Fleet, isWaiting, treeRows } from "./fleet.ts";
import type { Agent } from "./types.ts";

export interface TreeRow {
  /** stable while the row lasts */
  key: string;
  depth: number;
  /** of the row above it in the tree, "" for a root */
  parent: string;
  children: number;
  /** "" where it is that of the row above, or nobody says */
  source: string;
  kind: RowKind;
}

export type RowKind =
  | { type: "agent"; agent: Agent }
  | { type: "session"; session: string; agents: number }
  | { type: "project"; project: string; running: number; waiting: number }
  /** `shown`: how many of them are drawn when it is open */
  | { type: "finished"; count: number; shown: number; isOpen: boolean };

/** Finished ones drawn in one place. */
const MOST_FINISHED = 200;
/** What is deeper is drawn at this depth. */
const DEEPEST = 200;

/** At work or waiting, neither, and finished. */
const LIVE = 0;
const IDLE = 1;
const FINISHED = 2;

interface Node {
  key: string;
  kind: Exclude<RowKind, { type: "finished" }>;
  source: string;
  children: Node[];
  rank: number;
  /** ms since the epoch, the latest of all below it */
  startedAt: number;
}

export function isFinished({ activity }: Agent) {
  return activity === "done" || activity === "cancelled";
}

/** @returns whether any agent says what project or program it is of */
export function isGrouped(fleet: Fleet) {
  for (const { project, source } of fleet.agents.values()) {
    if (project !== "" || source !== "") return true;
  }
  return false;
}

/**
 * @param open keys of the finished parts to show
 * @param folded keys of the rows whose children to hide
 */
export function groupRows(
  fleet: Fleet,
  open: readonly string[],
  folded: readonly string[],
): TreeRow[] {
  const grouped = isGrouped(fleet);
  const roots = agentNodes(fleet);
  const rows: TreeRow[] = [];
  const draw = (node: Node, depth: number, parent: string, said: string) => {
    const { key, kind, children } = node;
    const source = node.source === said ? "" : node.source;
    const count = children.length;
    rows.push({ key, depth, parent, source, kind, children: count });
    if (folded.includes(key)) return;
    // What is finished as a whole is shown as a whole.
    const isWhole = node.rank === FINISHED && kind.type === "agent";
    const isOver = (child: Node) =>
      grouped && !isWhole && child.rank === FINISHED;
    for (const child of children) {
      if (!isOver(child)) draw(child, depth + 1, key, node.source);
    }
    const finished = children.filter(isOver);
    if (finished.length === 0) return;
    const ownKey = `done ${key}`;
    const isOpen = open.includes(ownKey);
    const shown = finished.slice(0, MOST_FINISHED);
    const counts = { count: finished.length, shown: shown.length };
    rows.push({
      key: ownKey,
      depth: depth + 1,
      parent: key,
      source: "",
      children: finished.length,
      kind: { type: "finished", ...counts, isOpen },
    });
    if (!isOpen) return;
    for (const child of shown) draw(child, depth + 2, ownKey, node.source);
  };
  for (const node of grouped ? projectNodes(roots) : roots)
    draw(node, 0, "", "");
  return rows;
}

/** All agents in that order, finished ones too, each with its depth. */
export function agentRows(fleet: Fleet): { agent: Agent; depth: number }[] {
  if (!isGrouped(fleet)) return treeRows(fleet);
  const rows: { agent: Agent; depth: number }[] = [];
  const walk = ({ kind, children }: Node, depth: number) => {
    const isAgent = kind.type === "agent";
    if (isAgent) rows.push({ agent: kind.agent, depth });
    for (const child of children) walk(child, isAgent ? depth + 1 : depth);
  };
  for (const node of projectNodes(agentNodes(fleet))) walk(node, 0);
  return rows;
}

/** The trees of agents, by their roots. */
function agentNodes(fleet: Fleet): Node[] {
  const roots: Node[] = [];
  const path: Node[] = [];
  const all: Node[] = [];
  for (const row of treeRows(fleet)) {
    const { agent } = row;
    const depth = Math.min(row.depth, DEEPEST);
    const node: Node = {
      key: agent.id,
      kind: { type: "agent", agent },
      source: agent.source,
      children: [],
      rank: IDLE,
      startedAt: agent.firstAt,
    };
    (path[depth - 1]?.children ?? roots).push(node);
    path[depth] = node;
    all.push(node);
  }
  // Children come after their parents: from the end, theirs are known.
  for (const node of all.toReversed()) {
    if (node.kind.type === "agent") node.rank = rankOf(node.kind.agent, node);
  }
  return roots;
}

function rankOf(agent: Agent, { children }: Node) {
  const isLive = isWaiting(agent) || agent.activity === "running";
  if (isLive || children.some(({ rank }) => rank === LIVE)) return LIVE;
  // A failed child of one that is done has been dealt with.
  const isOver = ({ rank, kind }: Node) =>
    rank === FINISHED ||
    (kind.type === "agent" && kind.agent.activity === "failed");
  return isFinished(agent) && children.every(isOver) ? FINISHED : IDLE;
}

function projectNodes(roots: readonly Node[]): Node[] {
  const byProject = groupBy(roots, ({ project }) => project);
  const projects = [...byProject].map(([project, nodes]): Node => {
    const sessions = sessionNodes(nodes);
    const agents = sessions.flatMap((node) => agentsBelow(node));
    const waiting = agents.filter(isWaiting).length;
    const running = agents.filter(
      (agent) => agent.activity === "running" && !isWaiting(agent),
    ).length;
    const kind = { type: "project", project, running, waiting } as const;
    return over(`project ${project}`, "", kind, sessions);
  });
  const isUnnamed = ({ key }: Node) => Number(key === "project ");
  return projects.sort(
    (a, b) =>
      a.rank - b.rank ||
      isUnnamed(a) - isUnnamed(b) ||
      a.key.localeCompare(b.key),
  );
}

/** A session with one root is that root; what has no session stands by itself. */
function sessionNodes(roots: readonly Node[]): Node[] {
  const nodes: Node[] = [];
  for (const [session, own] of groupBy(roots, ({ sessionId }) => sessionId)) {
    if (session === "" || own.length === 1) {
      nodes.push(...own);
      continue;
    }
    const agents = own.reduce((sum, node) => sum + agentsBelow(node).length, 0);
    const source = own.find((node) => node.source !== "")?.source ?? "";
    const kind = { type: "session", session, agents } as const;
    nodes.push(over(`session ${session}`, source, kind, own));
  }
  return nodes.sort((a, b) => a.rank - b.rank || b.startedAt - a.startedAt);
}

function over(
  key: string,
  source: string,
  kind: Node["kind"],
  children: Node[],
): Node {
  const rank = Math.min(...children.map((child) => child.rank));
  const startedAt = Math.max(...children.map((child) => child.startedAt));
  return { key, source, kind, children, rank, startedAt };
}

function groupBy(nodes: readonly Node[], nameOf: (agent: Agent) => string) {
  const groups = new Map<string, Node[]>();
  for (const node of nodes) {
    const name = node.kind.type === "agent" ? nameOf(node.kind.agent) : "";
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [node]);
    else group.push(node);
  }
  return groups;
}

function agentsBelow({ kind, children }: Node, found: Agent[] = []): Agent[] {
  if (kind.type === "agent") found.push(kind.agent);
  for (const child of children) agentsBelow(child, found);
  return found;
}

export interface Session {
  id: string;
  /** the agent that it began with */
  main: Agent;
  agents: number;
  lastAt: number;
  isOver: boolean;
}

/** The sessions of a fleet, those at work first, then the latest. */
export function sessionsOf(fleet: Fleet): Session[] {
  const sessions = new Map<string, Session>();
  for (const agent of fleet.agents.values()) {
    const id = agent.sessionId;
    if (id === "") continue;
    const known = sessions.get(id);
    if (known === undefined) {
      const { lastAt } = agent;
      const isOver = isFinished(agent);
      sessions.set(id, { id, main: agent, agents: 1, lastAt, isOver });
      continue;
    }
    known.agents += 1;
    known.lastAt = Math.max(known.lastAt, agent.lastAt);
    known.isOver &&= isFinished(agent);
  }
  return [...sessions.values()].sort(
    (a, b) => Number(a.isOver) - Number(b.isOver) || b.lastAt - a.lastAt,
  );
}
