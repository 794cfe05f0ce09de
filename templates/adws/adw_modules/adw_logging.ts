/**
 * adw_logging: what a workflow writes down, and all that it needs to know of
 * the database. The log is the source of truth: every row becomes one event of
 * the stream, for dashboards that watch now or look later.
 *
 * Template: adw_logging 1.1.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 *
 *     await withLogging(async () => {
 *       const planner = logAgentCreated({ name: "Planner", agent_type: "planner", session_id });
 *       await withStep(planner, "plan", async () => {
 *         logAgentEvent(planner, "tool_call", "Read README.md", { tool_name: "Read" });
 *       });
 *       logAgentStatus(planner, "completed");
 *     });
 *
 * No function here throws or blocks, whatever the database or the details; see
 * adw_log_writer for what happens when it is locked, full or read-only.
 *
 * What is guaranteed: rows are committed in the order of the calls, one
 * transaction a tick. After `await flushLogging()` returned true, or
 * `await closeLogging()`, they survive `kill -9` of this process (a power cut
 * may take the last moments: synchronous = NORMAL). A `kill -9` before that
 * loses at most the rows whose tick had not ended. An exit or an uncaught
 * exception loses none, unless the database cannot be written for two seconds.
 */
import { randomUUID } from "node:crypto";
import { LogWriter, messageOf } from "./adw_log_writer.ts";
import type { LogWriterOptions, LogWriterStats } from "./adw_log_writer.ts";
import {
  FINAL_STATUSES,
  LOG_TYPES,
  timestamp,
} from "./orch_database_models.ts";
import type {
  AgentStatus,
  AgentType,
  FinalStatus,
  JsonObject,
  LogLevel,
  LogType,
  NewPrompt,
} from "./orch_database_models.ts";

export type LoggingOptions = LogWriterOptions;

/** Event types that are worse than "info" when no level is given. */
const LEVELS: Record<string, LogLevel> = {
  error: "error",
  agent_failed: "error",
  agent_cancelled: "warning",
};

/** Longer details cost themselves, not their row: no client would be sent them. */
export const MAX_DETAILS_CHARS = 16_777_216;

/** Not started before `initLogging`: the rows of earlier calls wait in it. */
let writer = new LogWriter();
/** Calls of `withLogging` that have not ended. */
let running = 0;

// ------------------------------------------------------------ start and end

/** Opens the database (made and migrated when needed). Again: does nothing. */
export function initLogging(options: LoggingOptions = {}): void {
  writer.start(options);
}

/**
 * Writes what waits and closes the database. When it cannot be written for two
 * seconds, the rows that wait are dropped, and stderr says how many.
 */
export async function closeLogging(): Promise<void> {
  const closing = writer;
  writer = new LogWriter();
  await closing.close();
}

/**
 * Resolves once all rows logged so far are committed: true; or after
 * `timeoutMs`, when the database could not be written: false.
 */
export function flushLogging(timeoutMs?: number): Promise<boolean> {
  return writer.flush(timeoutMs);
}

/** Rows that wait, were written, and were dropped since `initLogging`. */
export function loggingStats(): LogWriterStats {
  return writer.stats;
}

/**
 * Runs `work` between `initLogging` and `closeLogging`, and returns its result.
 * Of several that run within or beside one another, the last to end closes.
 */
export async function withLogging<Result>(
  work: () => Result | Promise<Result>,
  options: LoggingOptions = {},
): Promise<Result> {
  initLogging(options);
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    if (running === 0) await closeLogging();
    else await flushLogging();
  }
}

// ------------------------------------------------------------------ log rows

/**
 * Logs what an agent did.
 *
 * @param eventType any name; the ones in use are tool_call, error, milestone,
 *   performance, state_change, cost_update, agent_started, agent_completed, …
 * @param details what belongs to it, as JSON
 * @param level default: by the event type, mostly "info"
 */
export function logAgentEvent(
  agentId: string,
  eventType: string,
  message: string,
  details: JsonObject = {},
  level: LogLevel = LEVELS[eventType] ?? "info",
): void {
  if (isLogType(eventType)) {
    writeAgentLog(agentId, level, eventType, message, toJson(details));
  } else {
    const json = toJson(details, { event_type: eventType });
    writeAgentLog(agentId, level, "event", message, json);
  }
}

/** Logs what the tools around the agents did: a server, a git command, a check. */
export function logSystemEvent(
  component: string,
  message: string,
  level: LogLevel = "info",
  details: JsonObject = {},
): void {
  const text = toText(message);
  const json = toJson(details);
  const now = timestamp();
  writer.enqueue({
    chars: text.length + json.length,
    write: (database) => {
      database.systemLogs.append(level, toText(component), text, json, now);
    },
  });
}

// --------------------------------------------------------------------- steps

/** A step that was started, for `logStepEnd`. */
export interface Step {
  readonly agentId: string;
  readonly name: string;
  readonly id: string;
  readonly startedAt: number;
}

export interface StepOutcome {
  /** Default: "completed", or "failed" when there is an error. */
  status?: "completed" | "failed";
  error?: unknown;
  details?: JsonObject;
}

/** Logs that an agent begins a step (a phase: plan, build, test, review). */
export function logStepStart(
  agentId: string,
  name: string,
  details: JsonObject = {},
): Step {
  const id = randomUUID();
  const json = toJson(details, {}, { step: name, step_id: id });
  const message = `Step ${toText(name)} started`;
  writeAgentLog(agentId, "info", "step_start", message, json);
  return { agentId, name, id, startedAt: performance.now() };
}

/** Logs how a step ended, and how long it took. */
export function logStepEnd(
  { agentId, name, id, startedAt }: Step,
  { error, status, details = {} }: StepOutcome = {},
): void {
  const failed = status === "failed" || error !== undefined;
  const outcome = status ?? (failed ? "failed" : "completed");
  const facts = {
    step: name,
    step_id: id,
    status: outcome,
    duration_ms: Math.round(performance.now() - startedAt),
    ...(error === undefined ? {} : { error_message: messageOf(error) }),
  };
  const json = toJson(details, {}, facts);
  writeAgentLog(
    agentId,
    outcome === "failed" ? "error" : "info",
    "step_end",
    `Step ${toText(name)} ${outcome}`,
    json,
  );
}

/** Runs `work` as a step. What it throws is logged as the step's failure, and thrown on. */
export async function withStep<Result>(
  agentId: string,
  name: string,
  work: () => Result | Promise<Result>,
  details: JsonObject = {},
): Promise<Result> {
  const step = logStepStart(agentId, name, details);
  try {
    const result = await work();
    logStepEnd(step);
    return result;
  } catch (error) {
    logStepEnd(step, { error });
    throw error;
  }
}

// -------------------------------------------------------- agents and prompts

/** An agent to be started. */
export interface AgentRun {
  name: string;
  agent_type: AgentType;
  session_id: string;
  /** Default: a new UUID. */
  id?: string;
  /** The kind of agent it is, by name; made when it is new. Default: `name`. */
  kind?: string;
  model?: string;
  parent_agent_id?: string;
  /** The workflow that it runs in, and the phase of it. */
  adw_id?: string;
  adw_step?: string;
  config?: JsonObject;
  context?: JsonObject;
}

/** Logs a new agent (its row in `agents`), and returns its id. */
export function logAgentCreated(run: AgentRun): string {
  const { name, agent_type, model, adw_id, adw_step, kind = name } = run;
  const id = run.id ?? randomUUID();
  const started_at = timestamp();
  // As they are now: the caller may change them before they are written.
  const known = { name, model, adw_id, adw_step };
  const config = toJson(run.config ?? {}, {}, known);
  const context = run.context && toJson(run.context);
  writer.enqueue({
    chars: config.length + (context?.length ?? 0),
    write: ({ orchestratorAgents, agents }) => {
      const [
        { id: orchestrator_agent_id } = orchestratorAgents.create({
          name: kind,
          agent_type,
          default_model: model ?? null,
        }),
      ] = orchestratorAgents.list({ name: kind }, { limit: 1 });
      agents.create({
        id,
        orchestrator_agent_id,
        session_id: run.session_id,
        parent_agent_id: run.parent_agent_id ?? null,
        config: parseObject(config),
        context: context === undefined ? null : parseObject(context),
        started_at,
      });
    },
  });
  return id;
}

/** Logs that an agent has another status; one that is over gets its end time. */
export function logAgentStatus(
  agentId: string,
  status: AgentStatus,
  { cost_usd, error }: { cost_usd?: number; error?: unknown } = {},
): void {
  const now = timestamp();
  writer.enqueue({
    chars: 500,
    write: ({ agents }) => {
      const agent = agents.update(agentId, {
        status,
        ...(isFinal(status) ? { completed_at: now } : {}),
        ...(cost_usd === undefined ? {} : { cost_usd }),
        ...(error === undefined ? {} : { error_message: messageOf(error) }),
      });
      if (agent === undefined) throw new Error(`there is no agent ${agentId}`);
    },
  });
}

/** A prompt as it is sent; its type is "adw" when not given. */
export type SentPrompt = Pick<NewPrompt, "agent_id" | "prompt_text"> &
  Partial<Pick<NewPrompt, "id" | "prompt_type" | "prompt_name" | "model_used">>;

/** Logs a prompt (its row in `prompts`), and returns its id. */
export function logPromptSent(prompt: SentPrompt): string {
  const id = prompt.id ?? randomUUID();
  const created_at = timestamp();
  writer.enqueue({
    chars: toText(prompt.prompt_text).length,
    write: ({ prompts }) => {
      prompts.create({ prompt_type: "adw", ...prompt, id, created_at });
    },
  });
  return id;
}

/** What came back. Costs in US dollars, latency in milliseconds. */
export interface PromptResult {
  /** Default: "completed", or "failed" when there is an error. */
  status?: FinalStatus;
  response_text?: string;
  tokens_input?: number;
  tokens_output?: number;
  cost_usd?: number;
  latency_ms?: number;
  error?: unknown;
}

/** Logs how a prompt ended. */
export function logPromptCompleted(
  promptId: string,
  { error, status, ...result }: PromptResult = {},
): void {
  const completed_at = timestamp();
  writer.enqueue({
    chars: toText(result.response_text ?? "").length,
    write: ({ prompts }) => {
      const prompt = prompts.update(promptId, {
        ...result,
        status: status ?? (error === undefined ? "completed" : "failed"),
        completed_at,
        ...(error === undefined ? {} : { error_message: messageOf(error) }),
      });
      if (prompt === undefined) {
        throw new Error(`there is no prompt ${promptId}`);
      }
    },
  });
}

// ------------------------------------------------------------------- helpers

function writeAgentLog(
  agentId: string,
  level: LogLevel,
  logType: LogType,
  message: string,
  details: string,
): void {
  const now = timestamp();
  const text = toText(message);
  writer.enqueue({
    chars: text.length + details.length,
    write: (database) => {
      database.agentLogs.append(agentId, level, logType, text, details, now);
    },
  });
}

/**
 * `details` with what comes before and after them. What cannot be written as JSON
 * (a cycle, a BigInt, a getter that throws) costs the details, not the row.
 */
function toJson(
  details: JsonObject,
  before?: JsonObject,
  after?: JsonObject,
): string {
  try {
    const json =
      JSON.stringify(
        before === undefined ? details : { ...before, ...details, ...after },
      ) ?? "{}";
    if (json.length <= MAX_DETAILS_CHARS) return json;
    writer.report(
      "details too long",
      `details of a log row were dropped: ${json.length} characters, more than ${MAX_DETAILS_CHARS}`,
    );
    return JSON.stringify({
      ...before,
      truncated: true,
      original_chars: json.length,
      ...after,
    });
  } catch (error) {
    const reason = messageOf(error).split("\n", 1)[0] ?? "";
    writer.report(reason, `details of a log row were dropped: ${reason}`);
    return JSON.stringify({ ...before, unserialisable: reason, ...after });
  }
}

/** What `toJson` has made. */
function parseObject(json: string): JsonObject {
  return JSON.parse(json);
}

/** What callers without types pass is not to stop their workflow. */
function toText(value: unknown): string {
  return typeof value === "string" ? value : messageOf(value);
}

function isLogType(name: string): name is LogType {
  return LOG_TYPES.some((type) => type === name);
}

function isFinal(status: AgentStatus): boolean {
  return FINAL_STATUSES.some((final) => final === status);
}
