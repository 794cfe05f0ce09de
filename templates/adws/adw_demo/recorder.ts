/**
 * Writes each event of the story as the row that a real workflow would write:
 * one row an event, and the row makes the event again on its way to the socket.
 *
 * Template: adw_demo 1.2.0
 * Needs:    nothing
 * Update:   npx adw-scaffold update
 */
import {
  logAgentCreated,
  logAgentEvent,
  logAgentStatus,
  logPromptCompleted,
  logPromptSent,
  logSystemEvent,
} from "../adw_modules/adw_logging.ts";
import {
  agentStatusSchema,
  agentTypeSchema,
  logLevelSchema,
  promptTypeSchema,
} from "../adw_modules/orch_database_models.ts";
import type { FleetEvent } from "./fleet.ts";

export function record(event: FleetEvent): void {
  const { agent_id, event_type, message, metadata } = event;
  const text = (key: string) => String(metadata[key]);
  const optional = (key: string) =>
    typeof metadata[key] === "string" ? { [key]: metadata[key] } : {};
  const number = (key: string) =>
    typeof metadata[key] === "number" ? { [key]: metadata[key] } : {};
  const level = logLevelSchema.parse(event.log_level);

  if (event_type === "agent_created") {
    const agent_type = agentTypeSchema.parse(metadata["agent_type"]);
    logAgentCreated({
      id: agent_id,
      name: text("name"),
      kind: agent_type,
      agent_type,
      session_id: text("session_id"),
      ...optional("model"),
      ...optional("parent_agent_id"),
      ...optional("adw_id"),
      ...optional("adw_step"),
    });
  } else if (event_type === "agent_status_changed" && isStored(metadata)) {
    logAgentStatus(agent_id, agentStatusSchema.parse(metadata["status"]), {
      ...number("cost_usd"),
      ...("error_message" in metadata ? { error: text("error_message") } : {}),
    });
  } else if (event_type === "prompt_sent") {
    logPromptSent({
      id: text("prompt_id"),
      agent_id,
      prompt_type: promptTypeSchema.parse(metadata["prompt_type"]),
      prompt_name: text("prompt_name"),
      prompt_text: text("prompt_text"),
      model_used: text("model"),
    });
  } else if (event_type === "prompt_completed") {
    logPromptCompleted(text("prompt_id"), {
      response_text: text("response_text"),
      ...number("tokens_input"),
      ...number("tokens_output"),
      ...number("cost_usd"),
      ...number("latency_ms"),
    });
  } else if (agent_id === "system") {
    const details = { ...metadata, event_type };
    logSystemEvent(text("component"), message, level, details);
  } else {
    logAgentEvent(agent_id, event_type, message, metadata, level);
  }
}

/** The agents table knows no "waiting": going there and back is an event only. */
function isStored({ status, previous_status }: Record<string, unknown>) {
  return [status, previous_status].every(
    (name) => agentStatusSchema.safeParse(name).success,
  );
}
