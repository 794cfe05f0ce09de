/**
 * Claude Code: the lines of its transcripts, and what its files are.
 *
 * Template: adw_agents 1.3.0
 */
import {
  cut,
  fieldsOf,
  fit,
  fitFields,
  listOf,
  makeAct,
  nameOf,
  numberOf,
  textOf,
  timeOf,
  tokensOf,
} from "./act.ts";
import type { Act, Base, Deed, Delivery, Fields, FileState } from "./act.ts";
import { agentIn, childOf, snakeCase, SOURCE } from "./claude.ts";

/** Lines that say nothing which the others do not. */
const SILENT_LINES = new Set(
  "summary file-history-snapshot progress queue-operation attachment ai-title last-prompt agent-name mode permission-mode bridge-session hook_progress".split(
    " ",
  ),
);

/** What a file of Claude's is, by its path; undefined when it is no transcript. */
export function claudeFile(path: string): FileState | undefined {
  const child =
    /([^/\\]+)[/\\]subagents[/\\](?:.*[/\\])?agent-([^/\\]+?)(?:\.meta)?\.jsonl?$/.exec(
      path,
    );
  if (child?.[1] !== undefined) {
    return { session: child[1], agent: agentIn(child[1], child[2]) };
  }
  const session = /([^/\\]+)\.jsonl$/.exec(path)?.[1];
  return session === undefined ? undefined : { session, agent: session };
}

/** `agent-<id>.meta.json`, which names the call that started the subagent. */
export function mapClaudeMeta(
  meta: unknown,
  delivery: Delivery,
  { session, agent }: FileState,
): Act[] {
  const m = fieldsOf(meta);
  const kind = nameOf(m, "agentType");
  const about = { kind, title: textOf(m, "description") };
  const { at, id } = delivery;
  const base = { source: SOURCE, lane: "transcript", at, delivery: id };
  const deed: Deed = {
    type: "agent_started",
    parentCall: nameOf(m, "toolUseId"),
  };
  return [makeAct({ ...base, session, agent, about }, deed)];
}

/** One line of a transcript. */
export function mapClaudeLine(
  value: unknown,
  delivery: Delivery,
  file: FileState,
): Act[] {
  const line = fieldsOf(value);
  const type = nameOf(line, "type") ?? "unknown";
  if (SILENT_LINES.has(type)) return [];
  const message = fieldsOf(line["message"]);
  const session = file.session;
  const child = nameOf(line, "agentId");
  const model = nameOf(message, "model");
  const isReal = model !== "<synthetic>";
  const base: Base = {
    source: SOURCE,
    lane: "transcript",
    at: timeOf(line, "timestamp") ?? delivery.at,
    delivery: nameOf(line, "uuid") ?? delivery.id,
    session,
    // A copy of a subagent's lines may stand in its parent's file.
    agent: child === undefined ? file.agent : agentIn(session, child),
    about: {
      cwd: textOf(line, "cwd"),
      branch: nameOf(line, "gitBranch"),
      model: isReal ? model : undefined,
    },
  };
  const id = nameOf(line, "promptId");
  // A subagent's prompt has the id of its parent's.
  const prompt =
    id === undefined || child === undefined ? id : `${id}:${child}`;
  if (type === "user") return mapUserLine(base, line, message, prompt);
  if (type === "assistant") {
    if (line["isApiErrorMessage"] === true) {
      const [text = "API error"] = textsIn(message["content"]);
      const reason = nameOf(line, "error");
      return [makeAct(base, { type: "failed", error: text, reason })];
    }
    return isReal ? mapAnswerLine(base, line, message) : [];
  }
  const subtype = nameOf(line, "subtype") ?? type;
  if (subtype === "compact_boundary") {
    const reason = nameOf(fieldsOf(line["compactMetadata"]), "trigger");
    return [makeAct(base, { type: "compacted", reason })];
  }
  const name = snakeCase(subtype).replaceAll("-", "_");
  return [makeAct(base, { type: "other", name, fields: fitFields(line) })];
}

function mapUserLine(
  base: Base,
  line: Fields,
  message: Fields,
  prompt: string | undefined,
): Act[] {
  const acts: Act[] = [];
  for (const block of listOf(message["content"]).map(fieldsOf)) {
    const call = nameOf(block, "tool_use_id");
    if (block["type"] !== "tool_result" || call === undefined) continue;
    const output = fit(line["toolUseResult"] ?? block["content"]);
    const [text = "Failed"] = textsIn(block["content"]);
    const outcome = block["is_error"] === true ? { error: text } : { output };
    acts.push(makeAct(base, { type: "tool_ended", ...outcome }, { call }));
    const child = nameOf(fieldsOf(line["toolUseResult"]), "agentId");
    if (child !== undefined) {
      const answer = { tool_response: line["toolUseResult"] };
      acts.push(childOf(base, child, { ...answer, tool_use_id: call }));
    }
  }
  if (acts.length > 0 || line["isMeta"] === true) return acts;
  if (line["isCompactSummary"] === true) return [];
  const text = textsIn(message["content"]).join("\n");
  if (text.startsWith("[Request interrupted by user")) {
    return [makeAct(base, { type: "interrupted" })];
  }
  // What a slash command and its output look like.
  if (text === "" || /^<(?:local-)?command-/.test(text)) return [];
  return [makeAct(base, { type: "prompt", text }, { prompt })];
}

function mapAnswerLine(base: Base, line: Fields, message: Fields): Act[] {
  const ids = {
    request: nameOf(line, "requestId"),
    message: nameOf(message, "id"),
  };
  const acts = listOf(message["content"])
    .map(fieldsOf)
    .flatMap((block): Act[] => {
      const text = textOf(block, "text");
      if (block["type"] === "text" && text !== undefined)
        return [makeAct(base, { type: "answer", text })];
      if (block["type"] !== "tool_use") return [];
      const tool = nameOf(block, "name") ?? "tool";
      const input = fit(block["input"]);
      const deed: Deed = { type: "tool_started", tool, input };
      return [makeAct(base, deed, { call: nameOf(block, "id") })];
    });
  const usage = fieldsOf(message["usage"]);
  const tokens = tokensOf({
    input: numberOf(usage, "input_tokens"),
    output: numberOf(usage, "output_tokens"),
    cacheRead: numberOf(usage, "cache_read_input_tokens"),
    cacheWrite: numberOf(usage, "cache_creation_input_tokens"),
    cacheWriteHour: numberOf(
      fieldsOf(usage["cache_creation"]),
      "ephemeral_1h_input_tokens",
    ),
  });
  if (tokens !== undefined) {
    const model = nameOf(message, "model");
    acts.push(makeAct(base, { type: "usage", model, tokens }, ids));
  }
  if (message["stop_reason"] === "end_turn") {
    const [text] = textsIn(message["content"]);
    const isChild = base.agent !== base.session;
    acts.push(
      makeAct(base, { type: isChild ? "agent_ended" : "turn_ended", text }),
    );
  }
  return acts;
}

function textsIn(content: unknown): string[] {
  if (typeof content === "string") return [cut(content)];
  return listOf(content).flatMap((block) => {
    const text = textOf(fieldsOf(block), "text");
    return text === undefined ? [] : [text];
  });
}
