/** The events inside an exported page; the live page has none. */
export const RECORDING_ID = "adw-replay-events";

export function isRecording() {
  return document.getElementById(RECORDING_ID) !== null;
}

/** @returns {unknown[]} */
export function readRecording() {
  const text = document.getElementById(RECORDING_ID)?.textContent ?? "[]";
  const events = /** @type {unknown} */ (JSON.parse(text));
  return Array.isArray(events) ? events : [];
}
