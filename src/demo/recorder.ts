/**
 * Writes each event of the story as the row that a real workflow would write:
 * one row an event, and the row makes the event again on its way to the socket.
 */
import { AGENT_STATUSES } from "../domain/vocabulary.ts";
import type { FleetEvent } from "./agent.ts";
import type { LoggingModule } from "./project-modules.ts";

/** @param log - the project's own adw_logging */
export function record(log: LoggingModule, event: FleetEvent): void {
  const { agent_id, event_type, message, metadata, log_level } = event;
  const text = (key: string) => String(metadata[key]);
  const optional = (key: string) =>
    typeof metadata[key] === "string" ? { [key]: metadata[key] } : {};
  const number = (key: string) =>
    typeof metadata[key] === "number" ? { [key]: metadata[key] } : {};

  if (event_type === "agent_created") {
    log.logAgentCreated({
      id: agent_id,
      name: text("name"),
      kind: text("agent_type"),
      agent_type: text("agent_type"),
      session_id: text("session_id"),
      ...optional("model"),
      ...optional("project"),
      ...optional("parent_agent_id"),
      ...optional("adw_id"),
      ...optional("adw_step"),
    });
  } else if (event_type === "agent_status_changed" && isStored(metadata)) {
    log.logAgentStatus(agent_id, text("status"), {
      ...number("cost_usd"),
      ...("error_message" in metadata ? { error: text("error_message") } : {}),
    });
  } else if (event_type === "prompt_sent") {
    log.logPromptSent({
      id: text("prompt_id"),
      agent_id,
      prompt_type: text("prompt_type"),
      prompt_name: text("prompt_name"),
      prompt_text: text("prompt_text"),
      model_used: text("model"),
    });
  } else if (event_type === "prompt_completed") {
    log.logPromptCompleted(text("prompt_id"), {
      response_text: text("response_text"),
      ...number("tokens_input"),
      ...number("tokens_output"),
      ...number("cost_usd"),
      ...number("latency_ms"),
    });
  } else if (agent_id === "system") {
    const details = { ...metadata, event_type };
    log.logSystemEvent(text("component"), message, log_level, details);
  } else {
    log.logAgentEvent(agent_id, event_type, message, metadata, log_level);
  }
}

/** The agents table knows no "waiting": going there and back is an event only. */
function isStored({ status, previous_status }: Record<string, unknown>) {
  return [status, previous_status].every((name) =>
    AGENT_STATUSES.some((known) => known === name),
  );
}
