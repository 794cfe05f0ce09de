/**
 * How Codex remembers which hooks a person said yes to: in `[hooks.state."<key>"]` of
 * its config.toml, as the hash of what the hook is (codex-rs/hooks, discovery.rs).
 */
import { createHash } from "node:crypto";

/** `PreToolUse` is `pre_tool_use`. */
function label(event: string): string {
  return event
    .replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`)
    .toLowerCase();
}

/** @param file - the absolute path of hooks.json */
export function codexHookKey(
  file: string,
  event: string,
  group: number,
  handler: number,
): string {
  return `${file}:${label(event)}:${String(group)}:${String(handler)}`;
}

/** @param handler - as it stands in hooks.json, in a group without a matcher */
export function codexHookHash(event: string, handler: object): string {
  const { command, timeout = 600 }: { command?: unknown; timeout?: unknown } =
    handler;
  // Keys in the order of the alphabet, without spaces.
  const identity = JSON.stringify({
    event_name: label(event),
    hooks: [{ async: false, command, timeout, type: "command" }],
  });
  return `sha256:${createHash("sha256").update(identity).digest("hex")}`;
}
