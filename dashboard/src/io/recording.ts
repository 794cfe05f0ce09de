/** The events inside an exported page; the live page has none. */
export const RECORDING_ID = "adw-replay-events";

export function isRecording() {
  return document.getElementById(RECORDING_ID) !== null;
}

export function readRecording(): unknown[] {
  const text = document.getElementById(RECORDING_ID)?.textContent ?? "[]";
  const events: unknown = JSON.parse(text);
  return Array.isArray(events) ? events : [];
}
