/**
 * adw_logging: what a workflow writes down, and all that it needs to know of
 * the database. The log is the source of truth: every row becomes one event of
 * the stream, for dashboards that watch now or look later.
 *
 * Template: adw_logging 1.3.0, rendered by adw-scaffold.
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
 * No function here throws, and none waits for the disk: rows go to a thread that
 * does. See adw_logging/queue.ts for the way there, adw_logging/writer.ts for what
 * happens when the database is locked, full or read-only, and
 * adw_logging/values.ts for values that no row can hold.
 *
 * What is guaranteed: rows are committed in the order of the calls. After `await
 * flushLogging()` returned true, or `await closeLogging()`, they survive `kill -9`
 * of this process (a power cut may take the last moments: synchronous = NORMAL).
 * A `kill -9` before that loses the rows whose turn had not ended, and those that
 * a slow disk has not taken. An exit or an uncaught exception loses none: it waits
 * for a slow disk, and two seconds for a database that cannot be written.
 */
import { randomUUID } from "node:crypto";
import { LogQueue } from "./adw_logging/queue.ts";
import type { LoggingOptions, LoggingStats } from "./adw_logging/queue.ts";
export { projectOf } from "./adw_logging/storage.ts";
export { tsxForThreads } from "./adw_logging/thread.ts";
import {
  Fields,
  findWord,
  toJson,
  toName,
  toText,
  toWord,
} from "./adw_logging/values.ts";
import {
  AGENT_STATUSES,
  AGENT_TYPES,
  FINAL_STATUSES,
  LOG_LEVELS,
  LOG_TYPES,
  PROMPT_TYPES,
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

export type { LoggingOptions, LoggingStats };

/** Event types that are worse than "info" when no level is given. */
const LEVELS = new Map<unknown, LogLevel>([
  ["error", "error"],
  ["agent_failed", "error"],
  ["agent_cancelled", "warning"],
]);

/** Not started before `initLogging`: the rows of earlier calls wait in it. */
let queue = new LogQueue();
/** Calls of `withLogging` that have not ended. */
let running = 0;

// ------------------------------------------------------------ start and end

/**
 * Opens the database (made and migrated when needed) in the background. Again:
 * does nothing.
 */
export function initLogging(options?: LoggingOptions | null): void {
  queue.start(options ?? {});
}

/**
 * Writes what waits and closes the database, however slow its disk is. When it
 * cannot be written for two seconds, the rows that wait are dropped, and stderr
 * says how many.
 */
export async function closeLogging(): Promise<void> {
  const closing = queue;
  queue = new LogQueue();
  await closing.close();
}

/**
 * Resolves once all rows logged so far are committed: true; or after
 * `timeoutMs`: false. Without a time, a slow disk is waited for, but a database
 * that cannot be written for two seconds only.
 */
export function flushLogging(timeoutMs?: number): Promise<boolean> {
  return queue.flush(timeoutMs);
}

/** Rows that wait, were written, and were dropped since `initLogging`. */
export function loggingStats(): LoggingStats {
  return queue.stats;
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
  level: LogLevel = LEVELS.get(eventType) ?? "info",
): void {
  const logType = LOG_TYPES.find((type) => type === eventType);
  // It leads, also where the details have one of their own.
  const isNamed = new Fields(details, note).get("event_type") !== undefined;
  const event_type = logType ?? toName(eventType, note, "event");
  const name = isNamed || logType === undefined ? { event_type } : undefined;
  const json = toJson(details, note, name, name);
  writeAgentLog(agentId, level, logType ?? "event", message, json);
}

/** Logs what the tools around the agents did: a server, a git command, a check. */
export function logSystemEvent(
  component: string,
  message: string,
  level: LogLevel = "info",
  details: JsonObject = {},
): void {
  queue.enqueue([
    "system_log",
    toWord(LOG_LEVELS, level, "info", note),
    toName(component, note),
    toText(message, note),
    toJson(details, note),
    timestamp(),
  ]);
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
  const [id, step] = [randomUUID(), toName(name, note)];
  const facts = { step, step_id: id, event_type: undefined };
  const json = toJson(details, note, {}, facts);
  writeAgentLog(agentId, "info", "step_start", `Step ${step} started`, json);
  return { agentId, name: step, id, startedAt: performance.now() };
}

/** Logs how a step ended, and how long it took. */
export function logStepEnd(step: Step, outcome: StepOutcome = {}): void {
  const started = new Fields(step, note);
  const ended = new Fields(outcome, note);
  const error = ended.error();
  const status =
    findWord(["completed", "failed"], ended.get("status")) ??
    (error === undefined ? "completed" : "failed");
  const name = started.name("name");
  const ms = performance.now() - (started.amount("startedAt") ?? Infinity);
  const facts = {
    event_type: undefined,
    step: name,
    step_id: started.optionalName("id"),
    status,
    duration_ms: ms >= 0 ? Math.round(ms) : undefined,
    error_message: error,
  };
  writeAgentLog(
    started.get("agentId"),
    status === "failed" ? "error" : "info",
    "step_end",
    `Step ${name} ${status}`,
    toJson(ended.get("details"), note, {}, facts),
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
    logStepEnd(step, { status: "failed", error });
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
  /** Default: the name of the git root, or of the folder, that this process is in. */
  project?: string;
  parent_agent_id?: string;
  /** The workflow that it runs in, and the phase of it. */
  adw_id?: string;
  adw_step?: string;
  config?: JsonObject;
  context?: JsonObject;
}

/** Logs a new agent (its row in `agents`), and returns its id. */
export function logAgentCreated(run: AgentRun): string {
  const given = new Fields(run, note);
  const id = given.optionalName("id") ?? randomUUID();
  const [name, model] = [given.name("name"), given.optionalName("model")];
  const adw_id = given.optionalName("adw_id");
  const adw_step = given.optionalName("adw_step");
  const known = { name, model, adw_id, adw_step };
  const context = given.get("context");
  const agent = {
    id,
    session_id: given.name("session_id"),
    project: given.optionalName("project"),
    parent_agent_id: given.optionalName("parent_agent_id"),
    config: toJson(given.get("config"), note, {}, known),
    context: context === undefined ? null : toJson(context, note),
    started_at: timestamp(),
  };
  const kind = {
    name: given.optionalName("kind") ?? name,
    agent_type: given.word("agent_type", AGENT_TYPES, "utility"),
    default_model: model,
  };
  queue.enqueue(["agent", agent, kind]);
  return id;
}

/** Logs that an agent has another status; one that is over gets its end time. */
export function logAgentStatus(
  agentId: string,
  status: AgentStatus,
  changes: { cost_usd?: number; error?: unknown } = {},
): void {
  const given = new Fields(changes, note);
  const cost_usd = given.amount("cost_usd");
  const error_message = given.error();
  const known = findWord(AGENT_STATUSES, status);
  if (known === undefined) {
    // The table has no such status; the log takes any.
    const text = toName(status, note);
    note(
      `the status ${text} is none of ${AGENT_STATUSES.join(", ")}: logged as an event`,
    );
    const event = { event_type: "agent_status_changed" };
    const json = toJson({ status: text, cost_usd, error_message }, note, event);
    const message = `Agent status: ${text}`;
    writeAgentLog(agentId, "info", "state_change", message, json);
    return;
  }
  const at = timestamp();
  const completed_at = findWord(FINAL_STATUSES, known) ? at : undefined;
  const columns = { status: known, completed_at, cost_usd, error_message };
  queue.enqueue(["agent_status", toName(agentId, note), columns, at]);
}

/** A prompt as it is sent; its type is "adw" when not given. */
export type SentPrompt = Pick<NewPrompt, "agent_id" | "prompt_text"> &
  Partial<Pick<NewPrompt, "id" | "prompt_type" | "prompt_name" | "model_used">>;

/** Logs a prompt (its row in `prompts`), and returns its id. */
export function logPromptSent(prompt: SentPrompt): string {
  const given = new Fields(prompt, note);
  const id = given.optionalName("id") ?? randomUUID();
  const columns = {
    id,
    agent_id: given.name("agent_id"),
    prompt_type: given.word("prompt_type", PROMPT_TYPES, "adw"),
    prompt_name: given.optionalName("prompt_name"),
    prompt_text: given.text("prompt_text") ?? "",
    model_used: given.optionalName("model_used"),
    created_at: timestamp(),
  };
  queue.enqueue(["prompt", columns]);
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
  result: PromptResult = {},
): void {
  const given = new Fields(result, note);
  const error = given.error();
  const ended = error === undefined ? "completed" : "failed";
  const columns = {
    status: given.word("status", FINAL_STATUSES, ended),
    response_text: given.text("response_text"),
    tokens_input: given.integer("tokens_input"),
    tokens_output: given.integer("tokens_output"),
    cost_usd: given.amount("cost_usd"),
    latency_ms: given.integer("latency_ms"),
    error_message: error,
    completed_at: timestamp(),
  };
  queue.enqueue(["prompt_result", toName(promptId, note), columns]);
}

function writeAgentLog(
  agentId: unknown,
  level: LogLevel,
  logType: LogType,
  message: unknown,
  details: string,
): void {
  queue.enqueue([
    "agent_log",
    toName(agentId, note),
    toWord(LOG_LEVELS, level, "info", note),
    logType,
    toText(message, note),
    details,
    timestamp(),
  ]);
}

/** Says, once a reason, that something is not stored as it was passed. */
function note(reason: string): void {
  queue.reporter.report(reason, `not stored as it was passed: ${reason}`);
}
