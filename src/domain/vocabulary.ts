/**
 * The words that rows and events are written in, listed once. The SQL CHECKs,
 * the zod enums and the type unions of the rendered modules all come from here.
 */

/** `agent_logs.log_type`: the union of what every generation of the tools writes. */
export const LOG_TYPES = [
  "step_start",
  "step_end",
  "event",
  "error",
  "state_change",
  "milestone",
  "performance",
  "tool_call",
  "cost_update",
] as const;

/** `agent_logs.log_level` and `system_logs.log_level`, mildest first. */
export const LOG_LEVELS = [
  "debug",
  "info",
  "warning",
  "error",
  "critical",
] as const;

/** `orchestrator_agents.agent_type`. */
export const AGENT_TYPES = [
  "planner",
  "builder",
  "reviewer",
  "tester",
  "orchestrator",
  "utility",
] as const;

/** `agents.status`, in the order in which a run passes through them. */
export const AGENT_STATUSES = [
  "initializing",
  "planning",
  "executing",
  "reviewing",
  "idle",
  "completed",
  "failed",
  "cancelled",
] as const;

/** `prompts.prompt_type`. */
export const PROMPT_TYPES = [
  "adw",
  "command",
  "followup",
  "correction",
  "tool_call",
] as const;

/** `prompts.status`. */
export const PROMPT_STATUSES = [
  "pending",
  "streaming",
  "completed",
  "failed",
  "cancelled",
] as const;

/** The statuses, of agents and of prompts alike, after which nothing more comes. */
export const FINAL_STATUSES = ["completed", "failed", "cancelled"] as const;

/**
 * `event_type` of the events in use in the field. The list is open: these are
 * the names that are written, and a consumer accepts names it has never seen.
 */
export const EVENT_TYPES = [
  "agent_created",
  "agent_started",
  "agent_status_changed",
  "agent_completed",
  "agent_failed",
  "agent_cancelled",
  "prompt_sent",
  "prompt_received",
  "prompt_completed",
  "step_start",
  "step_end",
  "event",
  "error",
  "state_change",
  "milestone",
  "performance",
  "tool_call",
  "cost_update",
  "permission_request",
  "notification",
  "system_event",
] as const;
