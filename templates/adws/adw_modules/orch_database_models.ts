/**
 * orch_database_models: what a row of each table, and an event, looks like.
 *
 * Template: orch_database_models 1.3.0, rendered by adw-scaffold.
 * Needs:    npm package `zod` >= 4, or 3.25. Node >= 20.19.
 * Update:   npx adw-scaffold update
 *
 * Rows are read through the `…Schema` of their table, which decodes JSON text,
 * and new rows are checked by its `new…Schema`, which fills in ids and times.
 * Words such as statuses are listed in adw_events.ts, the same as in the CHECKs
 * of schema/schema_orchestrator.sql.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod/v4";
import {
  AGENT_STATUSES,
  AGENT_TYPES,
  isRecord,
  LOG_LEVELS,
  LOG_TYPES,
  parseJson,
  PROMPT_STATUSES,
  PROMPT_TYPES,
} from "./adw_events.ts";

export {
  AGENT_STATUSES,
  AGENT_TYPES,
  FINAL_STATUSES,
  LOG_LEVELS,
  LOG_TYPES,
  PROMPT_STATUSES,
  PROMPT_TYPES,
} from "./adw_events.ts";
export type {
  AgentStatus,
  AgentType,
  FinalStatus,
  LogLevel,
  LogType,
  PromptStatus,
  PromptType,
} from "./adw_events.ts";

export const logTypeSchema = z.enum(LOG_TYPES);
/** Upper case is accepted and comes out in lower case. */
export const logLevelSchema = z.preprocess(
  (level) => (typeof level === "string" ? level.toLowerCase() : level),
  z.enum(LOG_LEVELS),
);
export const agentTypeSchema = z.enum(AGENT_TYPES);
export const agentStatusSchema = z.enum(AGENT_STATUSES);
export const promptTypeSchema = z.enum(PROMPT_TYPES);
export const promptStatusSchema = z.enum(PROMPT_STATUSES);

export type JsonObject = Record<string, unknown>;

let lastMoment = Number.NaN;
let lastTimestamp = "";

/** Now, as every time in the database is written: ISO 8601, UTC, milliseconds. */
export function timestamp(): string {
  const now = Date.now();
  if (now !== lastMoment) {
    lastMoment = now;
    lastTimestamp = new Date(now).toISOString(); // expensive enough to be cached
  }
  return lastTimestamp;
}

const storedText = z.string().nullable();
/** A level that is missing or unknown is the default one, as in the events. */
const storedLevel = logLevelSchema.catch("info");

/**
 * A column of JSON text, read as an object. What another writer left there and
 * is no object comes out as `{ value }`, and no JSON at all as `{ text }`, as it
 * does in the events.
 */
const storedObject = storedText.transform((text): JsonObject | null => {
  if (text === null) return null;
  const value = parseJson(text);
  if (value === undefined) return { text };
  return value === null || isRecord(value) ? value : { value };
});

/** A column of JSON text, read as a list of strings; anything else is a list of one. */
const storedList = storedText.transform((text): string[] | null => {
  const value = text === null ? null : parseJson(text);
  if (value === null) return null;
  return Array.isArray(value) ? value.map(String) : [String(text)];
});

/** A number that another writer left as text, or beyond all bounds, is not known. */
const storedNumber = z.preprocess(
  (value) => (Number.isFinite(value) ? value : null),
  z.number().nullable(),
);

const newObject = z
  .record(z.string(), z.unknown())
  .nullable()
  .default(null)
  .transform((value) => (value === null ? null : JSON.stringify(value)));

const newText = z.string().nullable().default(null);
const newNumber = z.number().nullable().default(null);
const newInteger = z.int().nullable().default(null);
const newId = z.string().min(1).default(randomUUID);
const newTime = z.string().default(timestamp);

/** A kind of agent: what can be started. */
export const orchestratorAgentSchema = z.object({
  id: z.string(),
  name: z.string(),
  description: storedText,
  agent_type: agentTypeSchema,
  capabilities: storedList,
  default_model: storedText,
  created_at: storedText,
  updated_at: storedText,
});
export const newOrchestratorAgentSchema = z.strictObject({
  id: newId,
  name: z.string().min(1),
  description: newText,
  agent_type: agentTypeSchema,
  capabilities: z
    .array(z.string())
    .nullable()
    .default(null)
    .transform((list) => (list === null ? null : JSON.stringify(list))),
  default_model: newText,
  created_at: newTime,
  updated_at: newTime,
});

/** An agent that runs or ran. `config.name`, `.model`, `.adw_id` and `.adw_step` reach its events. */
export const agentSchema = z.object({
  id: z.string(),
  orchestrator_agent_id: z.string(),
  session_id: z.string(),
  parent_agent_id: storedText,
  status: agentStatusSchema.nullable().catch(null),
  context: storedObject,
  config: storedObject,
  started_at: storedText,
  completed_at: storedText,
  cost_usd: storedNumber,
  error_message: storedText,
  project: storedText,
  source: storedText,
});
export const newAgentSchema = z.strictObject({
  id: newId,
  orchestrator_agent_id: z.string().min(1),
  session_id: z.string().min(1),
  parent_agent_id: newText,
  status: agentStatusSchema.default("initializing"),
  context: newObject,
  config: newObject,
  started_at: newTime,
  completed_at: newText,
  cost_usd: z.number().nullable().default(0),
  error_message: newText,
  project: newText,
  source: newText,
});

/** What was said to an agent, and what came back. Costs in US dollars. */
export const promptSchema = z.object({
  id: z.string(),
  agent_id: z.string(),
  prompt_type: promptTypeSchema,
  prompt_name: storedText,
  prompt_text: z.string(),
  response_text: storedText,
  status: promptStatusSchema.nullable().catch(null),
  model_used: storedText,
  tokens_input: storedNumber,
  tokens_output: storedNumber,
  cost_usd: storedNumber,
  latency_ms: storedNumber,
  created_at: storedText,
  completed_at: storedText,
  error_message: storedText,
});
export const newPromptSchema = z.strictObject({
  id: newId,
  agent_id: z.string().min(1),
  prompt_type: promptTypeSchema,
  prompt_name: newText,
  prompt_text: z.string(),
  response_text: newText,
  status: promptStatusSchema.default("pending"),
  model_used: newText,
  tokens_input: newInteger,
  tokens_output: newInteger,
  cost_usd: newNumber,
  latency_ms: newInteger,
  created_at: newTime,
  completed_at: newText,
  error_message: newText,
});

/** What an agent did. `details.event_type` names the event; else `log_type` does. */
export const agentLogSchema = z.object({
  id: z.number(),
  agent_id: z.string(),
  log_level: storedLevel,
  log_type: logTypeSchema,
  message: z.string(),
  details: storedObject,
  created_at: storedText,
});
export const newAgentLogSchema = z.strictObject({
  agent_id: z.string().min(1),
  log_level: logLevelSchema.default("info"),
  log_type: logTypeSchema,
  message: z.string(),
  details: newObject,
  created_at: newTime,
});

/** What the tools around the agents did. */
export const systemLogSchema = z.object({
  id: z.number(),
  log_level: storedLevel,
  component: z.string(),
  message: z.string(),
  details: storedObject,
  created_at: storedText,
});
export const newSystemLogSchema = z.strictObject({
  log_level: logLevelSchema.default("info"),
  component: z.string().min(1),
  message: z.string(),
  details: newObject,
  created_at: newTime,
});

/** One event of the stream, as it is sent. Unknown event types are welcome. */
export const streamEventSchema = z.object({
  seq: z.int().positive(),
  event_type: z.string(),
  agent_id: z.string(),
  message: z.string(),
  metadata: z.record(z.string(), z.unknown()),
  timestamp: z.string(),
  log_type: z.string(),
  log_level: z.string(),
  session_id: z.string().optional(),
  project: z.string().optional(),
  source: z.string().optional(),
});

export type OrchestratorAgent = z.infer<typeof orchestratorAgentSchema>;
export type NewOrchestratorAgent = z.input<typeof newOrchestratorAgentSchema>;
export type Agent = z.infer<typeof agentSchema>;
export type NewAgent = z.input<typeof newAgentSchema>;
export type Prompt = z.infer<typeof promptSchema>;
export type NewPrompt = z.input<typeof newPromptSchema>;
export type AgentLog = z.infer<typeof agentLogSchema>;
export type NewAgentLog = z.input<typeof newAgentLogSchema>;
export type SystemLog = z.infer<typeof systemLogSchema>;
export type NewSystemLog = z.input<typeof newSystemLogSchema>;
export type StreamEvent = z.infer<typeof streamEventSchema>;
