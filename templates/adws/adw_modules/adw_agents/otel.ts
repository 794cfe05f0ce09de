/**
 * OpenTelemetry: log records and spans of OTLP/JSON as flat fields, and what
 * the GenAI conventions say of agents that have no mapper of their own.
 *
 * Template: adw_agents 1.3.0
 */
import {
  BY_HTTP,
  fieldsOf,
  fitFields,
  listOf,
  makeAct,
  nameOf,
  numberOf,
  textOf,
  tokensOf,
} from "./act.ts";
import type { Act, Base, Deed, Delivery, Fields } from "./act.ts";
import { digest } from "./joiner.ts";

/** A log record or a span. */
export interface OtelRecord {
  /** The attribute service.name. */
  service: string;
  /** The event's or span's name. */
  name: string;
  at: number;
  /** Only of spans. */
  durationMs?: number | undefined;
  /** The same when it is sent again. */
  id: string;
  fields: Fields;
}

/** The records of an ExportLogsServiceRequest, or the spans of an ExportTraceServiceRequest. */
export function readOtel(payload: unknown, delivery: Delivery): OtelRecord[] {
  const groups = fieldsOf(payload);
  return [
    ...listOf(groups["resourceLogs"]),
    ...listOf(groups["resourceSpans"]),
  ].flatMap((group) => {
    const resource = fieldsOf(fieldsOf(group)["resource"]);
    const service =
      nameOf(attributesOf(resource["attributes"]), "service.name") ?? "unknown";
    const scopes = fieldsOf(group);
    return [
      ...listOf(scopes["scopeLogs"]),
      ...listOf(scopes["scopeSpans"]),
    ].flatMap((scope) => {
      const { logRecords, spans } = fieldsOf(scope);
      return [
        ...listOf(logRecords)
          .map(fieldsOf)
          .map((log) => readLog(log, service)),
        ...listOf(spans).map(fieldsOf).map(readSpan),
      ].map((record, index) => ({
        ...record,
        service,
        at: record.at ?? delivery.at,
        id: record.id ?? `${delivery.id}#${String(index)}`,
      }));
    });
  });
}

type Read = Omit<OtelRecord, "service" | "at" | "id"> & {
  at: number | undefined;
  id: string | undefined;
};

/** What may be an event's name; another body is content. */
const NAME = /^[\w.]{1,100}$/;

function readLog(log: Fields, service: string): Read {
  const own = attributesOf(log["attributes"]);
  const body = anyValue(log["body"]);
  const stamp = Date.parse(nameOf(own, "event.timestamp") ?? "");
  const nanos = nanosOf(log, "timeUnixNano", "observedTimeUnixNano");
  const at = Number.isNaN(stamp) ? nanos : stamp;
  const named = typeof body === "string" && NAME.test(body) ? body : undefined;
  const name =
    nameOf(own, "event.name") ?? nameOf(log, "eventName") ?? named ?? "log";
  const isKept = body !== undefined && named === undefined;
  const fields = isKept ? fitFields({ body, ...own }) : own;
  // What a record says of itself is the same when an exporter sends it again.
  const session = nameOf(own, "session.id", "conversation.id") ?? service;
  // Without a number, all of it; and that it came by HTTP, as OTLP does.
  const sequence =
    numberOf(own, "event.sequence") ??
    `${BY_HTTP}${digest(JSON.stringify(log))}`;
  const id =
    at === undefined
      ? undefined
      : `${session}/${name}/${String(at)}/${String(sequence)}`;
  return { name, at, id, fields };
}

function readSpan(span: Fields): Read {
  const start = nanosOf(span, "startTimeUnixNano");
  const end = nanosOf(span, "endTimeUnixNano");
  const isFailed = fieldsOf(span["status"])["code"] === 2;
  const message = textOf(fieldsOf(span["status"]), "message") ?? "Failed";
  return {
    name: nameOf(span, "name") ?? "span",
    at: start,
    durationMs:
      start === undefined || end === undefined ? undefined : end - start,
    id: nameOf(span, "spanId"),
    fields: {
      ...attributesOf(span["attributes"]),
      ...(isFailed ? { "error.message": message } : {}),
    },
  };
}

function nanosOf(fields: Fields, ...names: string[]): number | undefined {
  for (const name of names) {
    const nanos = Number(fields[name] ?? 0);
    if (nanos > 0) return Math.round(nanos / 1e6);
  }
  return undefined;
}

function attributesOf(list: unknown): Fields {
  const entries = listOf(list).map(fieldsOf);
  return fitFields(
    Object.fromEntries(
      entries.map((entry) => [
        nameOf(entry, "key") ?? "",
        anyValue(entry["value"]),
      ]),
    ),
  );
}

function anyValue(value: unknown, depth = 0): unknown {
  const v = fieldsOf(value);
  if (depth > 8) return "[cut]";
  if ("intValue" in v) return Number(v["intValue"]);
  if ("arrayValue" in v)
    return listOf(fieldsOf(v["arrayValue"])["values"]).map((item) =>
      anyValue(item, depth + 1),
    );
  if ("kvlistValue" in v)
    return Object.fromEntries(
      listOf(fieldsOf(v["kvlistValue"])["values"])
        .map(fieldsOf)
        .map((e) => [nameOf(e, "key") ?? "", anyValue(e["value"], depth + 1)]),
    );
  return v["stringValue"] ?? v["doubleValue"] ?? v["boolValue"];
}

/** A span or record of any agent that follows the GenAI conventions; anything else is kept. */
export function mapGenAi(record: OtelRecord): Act[] {
  const { fields: f, at, durationMs, name } = record;
  const session =
    nameOf(f, "gen_ai.conversation.id", "session.id", "conversation.id") ??
    record.service;
  const id = nameOf(f, "agent_id", "gen_ai.agent.id");
  const parent = nameOf(f, "parent_agent_id");
  const agentOf = (own: string | undefined) =>
    own === undefined || own === session ? session : `${session}:${own}`;
  const base: Base = {
    source: record.service,
    lane: "otel",
    at,
    delivery: record.id,
    session,
    agent: agentOf(id),
    about: { kind: nameOf(f, "gen_ai.agent.name") },
  };
  const acts: Act[] = [];
  if (parent !== undefined && id !== undefined) {
    const deed: Deed = { type: "agent_started", parent: agentOf(parent) };
    acts.push(makeAct(base, deed));
  }
  const call = nameOf(f, "gen_ai.tool.call.id", "tool_use_id");
  const operation = nameOf(f, "gen_ai.operation.name") ?? name.split(" ")[0];
  if (operation === "execute_tool") {
    const tool = nameOf(f, "gen_ai.tool.name") ?? "tool";
    const error = textOf(f, "error.message", "error.type");
    const end = { ...base, at: at + (durationMs ?? 0) };
    acts.push(makeAct(base, { type: "tool_started", tool }, { call }));
    const deed: Deed = { type: "tool_ended", tool, durationMs, error };
    acts.push(makeAct(end, deed, { call }));
  } else if (operation === "chat" || operation === "generate_content") {
    const tokens = tokensOf({
      input: numberOf(f, "gen_ai.usage.input_tokens"),
      cached: numberOf(f, "gen_ai.usage.cache_read.input_tokens"),
      cacheWrite: numberOf(f, "gen_ai.usage.cache_creation.input_tokens"),
      output: numberOf(f, "gen_ai.usage.output_tokens"),
    });
    const model = nameOf(f, "gen_ai.response.model", "gen_ai.request.model");
    const response = nameOf(f, "gen_ai.response.id");
    if (tokens !== undefined)
      acts.push(
        makeAct(
          base,
          { type: "usage", model, tokens, durationMs },
          { response },
        ),
      );
  } else if (acts.length === 0 && operation !== "invoke_agent") {
    acts.push(makeAct(base, { type: "other", name, fields: f }));
  }
  return acts;
}
