/**
 * adw_agents: what coding agents say of themselves, in.
 *
 * Template: adw_agents 1.2.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 */
export { mapClaudeHook, mapClaudeLine } from "./adw_agents/claude.ts";
export { mapCodexHook } from "./adw_agents/codex.ts";
export { mapCursorHook } from "./adw_agents/cursor.ts";
export { mapGeminiHook } from "./adw_agents/gemini.ts";
export { mapOpenCodeEvent } from "./adw_agents/opencode.ts";
