/** Masks secrets before anything leaves the page: what an export holds is meant to be passed on. */
import { maskText, maskValue } from "adw_modules/adw_mask.ts";
import { isRecord } from "./event_facts.ts";
import type { AgentEvent } from "./types.ts";

export { MASK, maskText, maskValue } from "adw_modules/adw_mask.ts";

export function maskEvent(event: AgentEvent): AgentEvent {
  const metadata = maskValue(event.metadata);
  return {
    ...event,
    message: maskText(event.message),
    metadata: isRecord(metadata) ? metadata : {},
  };
}
