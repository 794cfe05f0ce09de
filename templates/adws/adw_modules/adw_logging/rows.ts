/**
 * Rows on their way to the database: plain data, which can be passed to another
 * thread; and what a run must remember to write on when its database is lost.
 *
 * Template: adw_logging 1.2.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 */
import type { AdwDatabase } from "../adw_database.ts";
import type {
  AgentStatus,
  AgentType,
  FinalStatus,
  JsonObject,
  LogLevel,
  LogType,
  PromptType,
} from "../orch_database_models.ts";

/** `details`, `config` and `context` are the text of JSON objects, `at` is a timestamp. */
export type LogRow =
  | {
      type: "agent_log";
      agentId: string;
      level: LogLevel;
      logType: LogType;
      message: string;
      details: string;
      at: string;
    }
  | {
      type: "system_log";
      level: LogLevel;
      component: string;
      message: string;
      details: string;
      at: string;
    }
  | AgentRow
  | StatusRow
  | PromptRow
  | PromptResultRow;

export interface AgentRow {
  type: "agent";
  id: string;
  /** The kind of agent, by name; made when it is new. */
  kind: string;
  agentType: AgentType;
  model: string | null;
  sessionId: string;
  parentAgentId: string | null;
  config: string;
  context: string | null;
  at: string;
}

export interface StatusRow {
  type: "agent_status";
  agentId: string;
  status: AgentStatus;
  completedAt: string | undefined;
  costUsd: number | undefined;
  error: string | undefined;
  at: string;
}

export interface PromptRow {
  type: "prompt";
  id: string;
  agentId: string;
  promptType: PromptType;
  name: string | null;
  text: string;
  model: string | null;
  at: string;
}

export interface PromptResultRow {
  type: "prompt_result";
  promptId: string;
  status: FinalStatus;
  response: string | undefined;
  tokensInput: number | undefined;
  tokensOutput: number | undefined;
  costUsd: number | undefined;
  latencyMs: number | undefined;
  error: string | undefined;
  at: string;
}

/** Agents and open prompts of this run that are remembered, the newest. */
const MAX_REMEMBERED = 10_000;
/** Of a prompt, so much is remembered. */
const MAX_REMEMBERED_CHARS = 10_000;

/** @throws what the database throws, or an error when the row to change is not there */
export function writeRow(database: AdwDatabase, row: LogRow): void {
  switch (row.type) {
    case "agent_log": {
      const { agentId, level, logType, message, details, at } = row;
      database.agentLogs.append(agentId, level, logType, message, details, at);
      return;
    }
    case "system_log": {
      const { level, component, message, details, at } = row;
      database.systemLogs.append(level, component, message, details, at);
      return;
    }
    case "agent":
      createAgent(database, row);
      return;
    case "agent_status":
      updateStatus(database, row);
      return;
    case "prompt":
      database.prompts.create({
        id: row.id,
        agent_id: row.agentId,
        prompt_type: row.promptType,
        prompt_name: row.name,
        prompt_text: row.text,
        model_used: row.model,
        created_at: row.at,
      });
      return;
    case "prompt_result": {
      const prompt = database.prompts.update(row.promptId, {
        status: row.status,
        response_text: row.response,
        tokens_input: row.tokensInput,
        tokens_output: row.tokensOutput,
        cost_usd: row.costUsd,
        latency_ms: row.latencyMs,
        error_message: row.error,
        completed_at: row.at,
      });
      if (prompt) return;
      throw new Error(`there is no prompt ${row.promptId}`);
    }
  }
}

/** Only the end of an agent has a column for its time: other statuses would be dated when they are written. */
function updateStatus({ agents, events }: AdwDatabase, row: StatusRow): void {
  const before = events.lastSeq;
  if (agents.update(row.agentId, statusColumns(row)) === undefined) {
    throw new Error(`there is no agent ${row.agentId}`);
  }
  if (row.completedAt === undefined) events.dateAfter(before, row.at);
}

function createAgent(
  { orchestratorAgents, agents }: AdwDatabase,
  row: AgentRow,
  status?: StatusRow,
): void {
  const [
    { id: orchestrator_agent_id } = orchestratorAgents.create({
      name: row.kind,
      agent_type: row.agentType,
      default_model: row.model,
    }),
  ] = orchestratorAgents.list({ name: row.kind }, { limit: 1 });
  agents.create({
    id: row.id,
    orchestrator_agent_id,
    session_id: row.sessionId,
    parent_agent_id: row.parentAgentId,
    config: parseObject(row.config),
    context: row.context === null ? null : parseObject(row.context),
    started_at: row.at,
    ...(status && statusColumns(status)),
  });
}

function statusColumns({ status, completedAt, costUsd, error }: StatusRow) {
  return {
    status,
    ...(completedAt === undefined ? {} : { completed_at: completedAt }),
    ...(costUsd === undefined ? {} : { cost_usd: costUsd }),
    ...(error === undefined ? {} : { error_message: error }),
  };
}

/** What `toJson` has made. */
function parseObject(json: string): JsonObject {
  return JSON.parse(json) as JsonObject;
}

/**
 * The agents and open prompts of this run. A database that was deleted or
 * replaced does not have them, and would refuse every later row of theirs.
 */
export class RunMemory {
  readonly #agents = new Map<string, { row: AgentRow; status?: StatusRow }>();
  readonly #prompts = new Map<string, PromptRow>();

  /** After `row` was written. */
  remember(row: LogRow): void {
    if (row.type === "agent") {
      keep(this.#agents, row.id, { row });
    } else if (row.type === "agent_status") {
      const agent = this.#agents.get(row.agentId);
      if (agent) agent.status = merge(agent.status, row);
    } else if (row.type === "prompt") {
      const text = row.text.slice(0, MAX_REMEMBERED_CHARS);
      keep(this.#prompts, row.id, { ...row, text });
    } else if (row.type === "prompt_result") {
      this.#prompts.delete(row.promptId);
    }
  }

  /** Writes again what `row` needs and is missing. Returns false when nothing was. */
  restoreFor(database: AdwDatabase, row: LogRow): boolean {
    switch (row.type) {
      case "agent_log":
      case "agent_status":
      case "prompt":
        return this.#restoreAgent(database, row.agentId);
      case "agent":
        return (
          row.parentAgentId !== null &&
          this.#restoreAgent(database, row.parentAgentId)
        );
      case "prompt_result":
        return this.#restorePrompt(database, row.promptId);
      case "system_log":
        return false;
    }
  }

  /** Writes again what is not over, into a database that was made or put there anew. */
  restoreOpen(database: AdwDatabase): void {
    for (const [id, { status }] of this.#agents) {
      if (status?.completedAt === undefined) this.#restoreAgent(database, id);
    }
  }

  #restoreAgent(database: AdwDatabase, id: string): boolean {
    const agent = this.#agents.get(id);
    if (agent === undefined || database.agents.get(id)) return false;
    const { parentAgentId } = agent.row;
    if (parentAgentId !== null && parentAgentId !== id) {
      this.#restoreAgent(database, parentAgentId);
    }
    createAgent(database, agent.row, agent.status);
    return true;
  }

  #restorePrompt(database: AdwDatabase, id: string): boolean {
    const prompt = this.#prompts.get(id);
    if (prompt === undefined || database.prompts.get(id)) return false;
    this.#restoreAgent(database, prompt.agentId);
    writeRow(database, prompt);
    return true;
  }
}

/** What a later status does not say stays. */
function merge(before: StatusRow | undefined, row: StatusRow): StatusRow {
  return {
    ...row,
    completedAt: row.completedAt ?? before?.completedAt,
    costUsd: row.costUsd ?? before?.costUsd,
    error: row.error ?? before?.error,
  };
}

function keep<Value>(map: Map<string, Value>, id: string, value: Value): void {
  map.set(id, value);
  if (map.size <= MAX_REMEMBERED) return;
  const [oldest = id] = map.keys();
  map.delete(oldest);
}
