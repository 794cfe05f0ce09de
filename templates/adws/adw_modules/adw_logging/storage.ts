/**
 * The database as logging knows it: the rows that it takes, what a run must
 * remember to write on when it is lost, and why it cannot be written.
 *
 * Template: adw_logging 1.3.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 */
import {
  accessSync,
  constants,
  existsSync,
  statfsSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { AdwDatabase } from "../adw_database.ts";
import { databasePath, NO_WAL_ADVICE, sqliteProblem } from "../adw_database.ts";
import type { SqliteProblem } from "../adw_database.ts";
import { messageOf } from "../adw_stderr.ts";
import type { Report } from "../adw_stderr.ts";
import { timestamp } from "../orch_database_models.ts";
import type {
  JsonObject,
  NewAgent,
  NewOrchestratorAgent,
  NewPrompt,
} from "../orch_database_models.ts";

/**
 * What a log call writes: plain data, which can be passed to another thread. Log
 * rows are lists, as their table takes them: they cost a third of an object.
 */
export type LogRow =
  | readonly ["agent_log", ...Parameters<AdwDatabase["agentLogs"]["append"]>]
  | readonly ["system_log", ...Parameters<AdwDatabase["systemLogs"]["append"]>]
  | readonly ["agent", AgentRow, kind: NewOrchestratorAgent]
  | readonly ["agent_status", id: string, changes: StatusChanges, at: string]
  | readonly ["prompt", PromptRow]
  | readonly ["prompt_result", id: string, changes: Partial<NewPrompt>];

/** `config` and `context` are the text of JSON objects. */
export interface AgentRow extends Omit<
  NewAgent,
  "orchestrator_agent_id" | "config" | "context"
> {
  id: string;
  config: string;
  context: string | null;
}

type StatusChanges = Pick<
  NewAgent,
  "status" | "completed_at" | "cost_usd" | "error_message"
>;

type PromptRow = NewPrompt & { id: string };

/** Agents and open prompts of this run that are remembered, the newest. */
const MAX_REMEMBERED = 10_000;
/** Of a prompt, so much is remembered. */
const MAX_REMEMBERED_CHARS = 10_000;

/** Roughly the text that a row holds. */
export function charsOf(row: LogRow): number {
  let chars = 0;
  for (const value of row) {
    if (typeof value === "string") chars += value.length;
    else if (typeof value === "object" && value !== null) {
      for (const part of Object.values(value)) chars += String(part).length;
    }
  }
  return chars;
}

/** @throws what the database throws, or an error when the row to change is not there */
export function writeRow(database: AdwDatabase, row: LogRow): void {
  switch (row[0]) {
    case "agent_log": {
      const [, ...values] = row;
      database.agentLogs.append(...values);
      return;
    }
    case "system_log": {
      const [, ...values] = row;
      database.systemLogs.append(...values);
      return;
    }
    case "agent":
      createAgent(database, row[1], row[2]);
      return;
    case "agent_status": {
      const [, id, changes, at] = row;
      const before = database.events.lastSeq;
      if (!database.agents.update(id, changes)) {
        throw new Error(`there is no agent ${id}`);
      }
      // Only the end of an agent has a column for its time: other statuses
      // would be dated when they are written.
      if (changes.completed_at === undefined) {
        database.events.dateAfter(before, at);
      }
      return;
    }
    case "prompt":
      database.prompts.create(row[1]);
      return;
    case "prompt_result": {
      const [, id, changes] = row;
      if (database.prompts.update(id, changes)) return;
      throw new Error(`there is no prompt ${id}`);
    }
  }
}

function createAgent(
  { orchestratorAgents, agents }: AdwDatabase,
  agent: AgentRow,
  of: NewOrchestratorAgent,
  status?: StatusChanges,
): void {
  const [{ id } = orchestratorAgents.create(of)] = orchestratorAgents.list(
    { name: of.name },
    { limit: 1 },
  );
  agents.create({
    ...agent,
    project: agent.project ?? ownProject(),
    source: "adw",
    orchestrator_agent_id: id,
    config: parseObject(agent.config),
    context: agent.context === null ? null : parseObject(agent.context),
    ...status,
  });
}

const projects = new Map<string, string>();

/** The name of the folder that is the root of the git repository, else of the folder itself. */
export function projectOf(cwd: string): string {
  const known = projects.get(cwd);
  if (known !== undefined) return known;
  const parts = cwd.split(/[/\\]/).filter((part) => part !== "");
  let project = parts.at(-1) ?? cwd;
  for (let folder = cwd; folder !== dirname(folder); folder = dirname(folder)) {
    if (!existsSync(join(folder, ".git"))) continue;
    project = basename(folder);
    break;
  }
  projects.set(cwd, project);
  return project;
}

function ownProject(): string | null {
  try {
    return projectOf(process.cwd());
  } catch {
    return null; // its folder is gone
  }
}

/**
 * What to write in the place of a row whose agent or prompt the database does not have:
 * a new agent without its parent, and all others as events of the system, with what they
 * hold in the details. Undefined when nothing can be left out.
 */
export function detach(row: LogRow): LogRow | undefined {
  switch (row[0]) {
    case "agent": {
      const { parent_agent_id: parent, ...agent } = row[1];
      if (typeof parent !== "string") return undefined;
      const config = { ...parseObject(agent.config), parent_agent_id: parent };
      return ["agent", { ...agent, config: JSON.stringify(config) }, row[2]];
    }
    case "agent_log": {
      const [, agent_id, level, event_type, message, json, at] = row;
      const given = typeof json === "string" ? parseObject(json) : {};
      const details = { event_type, ...given, agent_id };
      return systemLog(level, message, details, at);
    }
    case "agent_status": {
      const [, agent_id, changes, at] = row;
      const event_type = "agent_status_changed";
      const level = changes.status === "failed" ? "error" : "info";
      const message = `Agent ${agent_id} is ${String(changes.status)}`;
      return systemLog(
        level,
        message,
        { event_type, agent_id, ...changes },
        at,
      );
    }
    case "prompt": {
      const { id: prompt_id, created_at, ...prompt } = row[1];
      const details = { event_type: "prompt_sent", prompt_id, ...prompt };
      const message = `Prompt sent to ${prompt.agent_id}`;
      return systemLog("info", message, details, created_at);
    }
    case "prompt_result": {
      const [, prompt_id, changes] = row;
      const details = { event_type: "prompt_completed", prompt_id, ...changes };
      const message = `Prompt ${prompt_id} ${String(changes.status)}`;
      return systemLog("info", message, details, changes.completed_at);
    }
    case "system_log":
      return undefined;
  }
}

type Values = Parameters<AdwDatabase["systemLogs"]["append"]>;

function systemLog(
  level: Values[0],
  message: Values[2],
  details: object,
  at: Values[4] | undefined,
): LogRow {
  const json = JSON.stringify(details);
  const component = "adw_logging";
  return ["system_log", level, component, message, json, at ?? timestamp()];
}

/** What `toJson` has made. */
function parseObject(json: string): JsonObject {
  return JSON.parse(json) as JsonObject;
}

interface RememberedAgent {
  agent: AgentRow;
  of: NewOrchestratorAgent;
  status?: StatusChanges;
}

/**
 * The agents and open prompts of this run. A database that was deleted or
 * replaced does not have them, and would refuse every later row of theirs.
 */
export class RunMemory {
  readonly #agents = new Map<string, RememberedAgent>();
  readonly #prompts = new Map<string, PromptRow>();

  /** After `row` was written. */
  remember(row: LogRow): void {
    if (row[0] === "agent") {
      const [, agent, of] = row;
      keep(this.#agents, agent.id, { agent, of });
    } else if (row[0] === "agent_status") {
      const agent = this.#agents.get(row[1]);
      if (agent) agent.status = merge(agent.status, row[2]);
    } else if (row[0] === "prompt") {
      const text = row[1].prompt_text.slice(0, MAX_REMEMBERED_CHARS);
      keep(this.#prompts, row[1].id, { ...row[1], prompt_text: text });
    } else if (row[0] === "prompt_result") {
      this.#prompts.delete(row[1]);
    }
  }

  /** Writes again what `row` needs and is missing. Returns false when nothing was. */
  restoreFor(database: AdwDatabase, row: LogRow): boolean {
    switch (row[0]) {
      case "agent_log":
      case "agent_status":
        return this.#restoreAgent(database, row[1]);
      case "agent":
        return this.#restoreAgent(database, row[1].parent_agent_id);
      case "prompt":
        return this.#restoreAgent(database, row[1].agent_id);
      case "prompt_result":
        return this.#restorePrompt(database, row[1]);
      case "system_log":
        return false;
    }
  }

  /** Writes again what is not over, into a database that was made or put there anew. */
  restoreOpen(database: AdwDatabase): void {
    for (const [id, { status }] of this.#agents) {
      if (status?.completed_at === undefined) this.#restoreAgent(database, id);
    }
  }

  #restoreAgent(database: AdwDatabase, id: unknown): boolean {
    const known = this.#agents.get(String(id));
    if (known === undefined || database.agents.get(known.agent.id)) {
      return false;
    }
    const { agent, of, status } = known;
    const parent = agent.parent_agent_id ?? "";
    if (parent !== agent.id) this.#restoreAgent(database, parent);
    // One of another process may be gone for good: then, as the schema says, none.
    const parent_agent_id = database.agents.get(parent)?.id ?? null;
    createAgent(database, { ...agent, parent_agent_id }, of, status);
    return true;
  }

  #restorePrompt(database: AdwDatabase, id: string): boolean {
    const prompt = this.#prompts.get(id);
    if (prompt === undefined || database.prompts.get(id)) return false;
    this.#restoreAgent(database, prompt.agent_id);
    database.prompts.create(prompt);
    return true;
  }
}

/** What a later status does not say stays. */
function merge(
  before: StatusChanges | undefined,
  changes: StatusChanges,
): StatusChanges {
  return {
    ...changes,
    completed_at: changes.completed_at ?? before?.completed_at,
    cost_usd: changes.cost_usd ?? before?.cost_usd,
    error_message: changes.error_message ?? before?.error_message,
  };
}

function keep<Value>(map: Map<string, Value>, id: string, value: Value): void {
  map.set(id, value);
  if (map.size <= MAX_REMEMBERED) return;
  const [oldest = id] = map.keys();
  map.delete(oldest);
}

// ------------------------------------------------- what is wrong, and what helps

export type Problem = Exclude<SqliteProblem, "refused">;

export const WHAT_TO_DO: Record<Problem, string> = {
  locked: "another process holds its write lock",
  full: "free some disk space",
  "read-only": "make the file and its folder writable",
  "no-wal": `this folder cannot hold a WAL database. ${NO_WAL_ADVICE}`,
  unusable: "check the file and its folder",
};

/** With less room than this on the disk, SQLite's log and its index do not grow. */
const LEAST_ROOM_BYTES = 65_536;

/**
 * SQLite has many words for one cause: a file that may not be written "cannot
 * be opened", one for which there is no room has an "I/O error", depending on
 * what becomes of the files beside it.
 */
export function diagnose(error: unknown, path: string): Problem {
  const problem = sqliteProblem(error);
  if (problem === "locked" || problem === "full" || problem === "read-only") {
    return problem;
  }
  if (!isWritable(path)) return "read-only";
  if (!hasRoom(path)) return "full";
  return problem === "no-wal" ? problem : "unusable";
}

/** The database file that an option names; the project's own where it names none. */
export function databaseFile(path: unknown, report: Report): string {
  try {
    const given = path instanceof URL ? fileURLToPath(path) : path;
    if (typeof given === "string") return resolve(given);
  } catch (error) {
    report("path", `the option path is not used: ${messageOf(error)}`);
    return databasePath();
  }
  if (path !== undefined && path !== null) {
    report("path", `the option path is not used: a ${typeof path} is none`);
  }
  return databasePath();
}

/** Names the file itself, whatever its path; undefined when there is none. */
export function fileAt(path: string): string | undefined {
  const file = statSync(path, { throwIfNoEntry: false });
  return file && `${String(file.dev)}:${String(file.ino)}`;
}

/** Whether the file and its folder may be written: SQLite makes files beside it. */
function isWritable(path: string): boolean {
  try {
    if (fileAt(path) !== undefined) accessSync(path, constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
    return true;
  } catch (error) {
    // A folder that is missing is made.
    const isMissing =
      error instanceof Error && "code" in error && error.code === "ENOENT";
    return isMissing && dirname(path) !== path && isWritable(dirname(path));
  }
}

/** Whether there is room for a few pages more. */
function hasRoom(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize >= LEAST_ROOM_BYTES;
  } catch {
    return true;
  }
}
