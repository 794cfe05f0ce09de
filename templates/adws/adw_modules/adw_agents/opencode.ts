/**
 * OpenCode: the events that `opencode serve` sends at /event. A part of a
 * message is sent again whenever there is more of it.
 *
 * Template: adw_agents 1.3.0
 */
import {
  fieldsOf,
  fit,
  fitFields,
  listOf,
  makeAct,
  nameOf,
  numberOf,
  ownOf,
  textOf,
  timeOf,
  tokensOf,
} from "./act.ts";
import type { Act, Base, Deed, Delivery, Fields } from "./act.ts";

/** What the stream has said so far: which messages are a person's. */
export interface OpenCodeState {
  prompts: Map<string, true>;
  models: Map<string, string>;
}
const MAX_MESSAGES = 1_000;

export function openCodeState(): OpenCodeState {
  return { prompts: new Map(), models: new Map() };
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value) {
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MAX_MESSAGES && oldest !== undefined) map.delete(oldest);
}

/** Events about files, the language servers and the program itself. */
const SILENT =
  /^(?:server|file|lsp|installation|storage|tui|vcs|todo|pty|ide|project|mcp|command)\b|^session\.(?:diff|status)$|\.(?:removed|delta)$/;

/** One event. */
export function mapOpenCodeEvent(
  value: unknown,
  delivery: Delivery,
  state: OpenCodeState,
): Act[] {
  const event = fieldsOf(value);
  const type = nameOf(event, "type") ?? "unknown";
  const p = fieldsOf(event["properties"]);
  const part = fieldsOf(p["part"]);
  const info = fieldsOf(p["info"]);
  if (SILENT.test(type)) return [];
  const session =
    nameOf(p, "sessionID") ??
    nameOf(part, "sessionID") ??
    nameOf(info, ...(type.startsWith("session") ? ["id"] : ["sessionID"])) ??
    "unknown";
  const from = { source: "opencode", lane: "stream", delivery: delivery.id };
  const base: Base = { ...from, at: delivery.at, session, agent: session };
  if (type === "message.part.updated") return mapPart(base, part, state);
  if (type === "message.updated") {
    noteMessage(info, state);
    return [];
  }
  const deeds = ownOf(EVENTS, type)?.(p, info) ?? [
    { type: "other", name: type.replaceAll(".", "_"), fields: fitFields(p) },
  ];
  const about = {
    cwd: textOf(info, "directory"),
    title: textOf(info, "title"),
  };
  const ask = nameOf(p, "requestID", "permissionID", "id");
  const call = nameOf(p, "callID") ?? nameOf(fieldsOf(p["tool"]), "callID");
  return deeds.map((deed) => {
    const isWait = deed.type.startsWith("wait_");
    return makeAct({ ...base, about }, deed, isWait ? { ask, call } : {});
  });
}

type Mapper = (p: Fields, info: Fields) => readonly Deed[];

const permission: Mapper = (p) => [
  {
    type: "wait_started",
    wait: "permission",
    message: textOf(p, "title"),
    tool: nameOf(p, "permission", "type"),
    input: fit(p["metadata"]),
  },
];
const answered: Mapper = (p) => [
  { type: "wait_ended", outcome: nameOf(p, "reply", "response") },
];
const seen: Mapper = (_p, info) => {
  const parent = nameOf(info, "parentID");
  return parent === undefined
    ? [{ type: "session_started" }]
    : [{ type: "agent_started", parent }];
};

const EVENTS: Readonly<Record<string, Mapper>> = {
  "session.created": seen,
  "session.updated": seen,
  "session.deleted": () => [{ type: "session_ended", reason: "deleted" }],
  "session.idle": () => [{ type: "turn_ended" }],
  "session.compacted": () => [{ type: "compacted" }],
  "session.error": (p) => [failure(fieldsOf(p["error"]))],
  "permission.asked": permission,
  "permission.updated": permission,
  "permission.replied": answered,
  "question.asked": (p) => [
    {
      type: "wait_started",
      wait: "question",
      message: textOf(fieldsOf(listOf(p["questions"])[0]), "question"),
    },
  ],
  "question.replied": answered,
  "question.rejected": answered,
};

function failure(error: Fields): Deed {
  const reason = nameOf(error, "name");
  if (reason === "MessageAbortedError") return { type: "interrupted" };
  const text = textOf(fieldsOf(error["data"]), "message");
  return { type: "failed", error: text ?? reason ?? "Failed", reason };
}

/** A message's cost and tokens are the sum of its steps', which come on their own. */
function noteMessage(info: Fields, state: OpenCodeState): void {
  const id = nameOf(info, "id") ?? "";
  const model = nameOf(info, "modelID");
  if (info["role"] === "user") remember(state.prompts, id, true);
  if (model !== undefined) remember(state.models, id, model);
}

function mapPart(base: Base, part: Fields, state: OpenCodeState): Act[] {
  const message = nameOf(part, "messageID") ?? "";
  const id = nameOf(part, "id");
  const model = state.models.get(message);
  const own: Base = { ...base, about: { model } };
  const times = fieldsOf(part["time"]);
  switch (part["type"]) {
    case "text": {
      const text = textOf(part, "text");
      if (text === undefined || part["synthetic"] === true) return [];
      const ids = { part: id };
      if (state.prompts.has(message))
        return [makeAct(own, { type: "prompt", text }, ids)];
      const isWhole = timeOf(times, "end") !== undefined;
      return isWhole ? [makeAct(own, { type: "answer", text }, ids)] : [];
    }
    case "step-finish": {
      const count = fieldsOf(part["tokens"]);
      const cache = fieldsOf(count["cache"]);
      const tokens = tokensOf({
        input: numberOf(count, "input"),
        output:
          (numberOf(count, "output") ?? 0) +
          (numberOf(count, "reasoning") ?? 0),
        cacheRead: numberOf(cache, "read"),
        cacheWrite: numberOf(cache, "write"),
      });
      // A model without a price costs nothing to it.
      const cost = numberOf(part, "cost");
      const costUsd = cost === 0 ? undefined : cost;
      return tokens === undefined
        ? []
        : [
            makeAct(
              own,
              { type: "usage", model, tokens, costUsd },
              { part: id },
            ),
          ];
    }
    case "tool":
      return mapTool(own, part);
    default:
      return [];
  }
}

function mapTool(base: Base, part: Fields): Act[] {
  const state = fieldsOf(part["state"]);
  const status = nameOf(state, "status");
  if (status === "pending") return [];
  const tool = nameOf(part, "tool") ?? "tool";
  const times = fieldsOf(state["time"]);
  const start = timeOf(times, "start") ?? base.at;
  const end = timeOf(times, "end");
  const input = fit(state["input"]);
  const ids = { call: nameOf(part, "callID") };
  const deed: Deed = { type: "tool_started", tool, input };
  const acts = [makeAct({ ...base, at: start }, deed, ids)];
  if (status === "completed" || status === "error") {
    const exit = numberOf(fieldsOf(state["metadata"]), "exit") ?? 0;
    const isDone = status === "completed" && exit === 0;
    const error = exit === 0 ? "Failed" : `Exit code ${String(exit)}`;
    const ended: Deed = {
      type: "tool_ended",
      tool,
      output: isDone ? fit(state["output"]) : undefined,
      error: isDone ? undefined : (textOf(state, "error") ?? error),
      durationMs: end === undefined ? undefined : end - start,
    };
    acts.push(makeAct({ ...base, at: end ?? base.at }, ended, ids));
  }
  return acts;
}
