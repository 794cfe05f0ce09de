/** The event that every contender sends: about 300 bytes of JSON, as agents' logs are. */
export const AGENT_ID = "3f0c6c1e-8a53-4f0e-9c3f-2b1de7a4c901";
export const EVENT_TYPE = "tool_call";
export const MESSAGE = "Read src/infrastructure/file-transaction.ts";
export const METADATA = {
  tool_name: "Read",
  tool_use_id: "toolu_01A09q90qw90lq917835lq9",
  duration_ms: 42,
};

let seq = 0;

/** The next event, for the servers that do not number events themselves. */
export function nextEvent() {
  seq += 1;
  return {
    seq,
    event_type: EVENT_TYPE,
    agent_id: AGENT_ID,
    message: MESSAGE,
    metadata: METADATA,
    timestamp: new Date().toISOString(),
    log_type: "tool_call",
    log_level: "info",
  };
}
