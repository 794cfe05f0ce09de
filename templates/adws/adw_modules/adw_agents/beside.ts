/**
 * What a file beside a transcript says of it, which the transcript does not.
 *
 * Template: adw_agents 1.3.0
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeAct } from "./act.ts";
import type { Act } from "./act.ts";
import { claudeMeta } from "./sources.ts";

/**
 * The acts that such a file tells; undefined: none yet.
 *
 * @param first the first act of the transcript's lines
 * @param now ms since the epoch
 */
export function actsBeside(
  path: string,
  first: Act | undefined,
  now: number,
): Act[] | undefined {
  const meta = claudeMeta(path);
  try {
    if (meta !== undefined) {
      // Who started a subagent.
      const value: unknown = JSON.parse(readFileSync(meta.path, "utf8"));
      return meta.map(value, { at: first?.at ?? now, id: meta.path });
    }
    if (first?.source !== "gemini-cli") return undefined;
    // Gemini's chats do not tell their folder, but a file above them does.
    const file = join(dirname(dirname(path)), ".project_root");
    const cwd = readFileSync(file, "utf8").trim();
    const { source, lane, at, session, agent } = first;
    const base = { source, lane, at, session, agent, delivery: file };
    return [makeAct({ ...base, about: { cwd } }, { type: "session_started" })];
  } catch {
    return undefined; // it may come yet, and an earlier version had none
  }
}
