/** The doors of the project's server: who may write what, and what becomes of it. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import protobuf from "protobufjs";
import { AgentsProject, claude, ofType } from "../../helpers/agents-project.ts";

const attribute = (key: string, value: string | number) => ({
  key,
  value:
    typeof value === "string" ? { stringValue: value } : { intValue: value },
});
/** What Claude Code exports for one model request. */
const request = (id: string) => ({
  resourceLogs: [
    {
      resource: { attributes: [attribute("service.name", "claude-code")] },
      scopeLogs: [
        {
          logRecords: [
            {
              timeUnixNano: "1764064800000000000",
              body: { stringValue: "claude_code.api_request" },
              attributes: [
                attribute("event.name", "api_request"),
                attribute("session.id", "s1"),
                attribute("request_id", id),
                attribute("model", "claude-sonnet-5"),
                attribute("input_tokens", 100),
                attribute("output_tokens", 10),
                attribute("cost_usd", "0.25"),
              ],
            },
          ],
        },
      ],
    },
  ],
});

describe("with tokens", () => {
  let project: AgentsProject;
  beforeEach(async () => {
    project = new AgentsProject();
    await project.start();
  });

  test("hooks, telemetry in all its forms, and events become events of the stream", async () => {
    const hook = await project.post(
      "/hooks/claude?x=1",
      claude("UserPromptSubmit", { prompt: "hi" }),
    );
    expect([hook.status, await hook.text()]).toEqual([204, ""]);
    const json = await project.post("/v1/logs", request("r1"));
    expect([json.status, await json.json()]).toEqual([200, {}]);
    const zipped = await project.post(
      "/v1/logs",
      gzipSync(JSON.stringify(request("r2"))),
      { "content-encoding": "gzip" },
    );
    expect(zipped.status).toBe(200);
    const proto = await project.post("/v1/logs", encode(request("r3")), {
      "content-type": "application/x-protobuf",
    });
    expect([proto.status, await proto.text()]).toEqual([200, ""]);
    expect(proto.headers.get("content-type")).toBe("application/x-protobuf");
    const partial = await project.post("/v1/logs", {
      resourceLogs: [{ scopeLogs: [{ logRecords: [1, "x"] }] }],
    });
    expect(await partial.json()).toEqual({
      partialSuccess: {
        rejectedLogRecords: "2",
        errorMessage: "Some were no records, and are left out.",
      },
    });
    expect((await project.post("/v1/metrics", {})).status).toBe(200);
    const event = {
      event_type: "deploy_done",
      agent_id: "ci",
      project: "shop",
    };
    const one = await project.post("/api/events", {
      ...event,
      idempotency_key: "k1",
    });
    expect([one.status, await one.json()]).toEqual([202, { accepted: 1 }]);
    const batch = await project.post("/api/events", [
      { ...event, idempotency_key: "k1" },
      { ...event, idempotency_key: "k2", log_level: "ERROR", source: "ci" },
    ]);
    expect(await batch.json()).toEqual({ accepted: 2 });
    const events = await project.eventsWhen(
      (all) =>
        ofType(all, "cost_update").length === 3 &&
        ofType(all, "deploy_done").length === 2 &&
        ofType(all, "prompt_sent").length === 1,
    );
    expect(ofType(events, "deploy_done")).toMatchObject([
      { agent_id: "ci", project: "shop" },
      { agent_id: "ci", source: "ci", log_level: "error" },
    ]);
    expect(ofType(events, "cost_update")[2]?.metadata).toMatchObject({
      model: "claude-sonnet-5",
      tokens_input: 100,
      cost_usd: 0.25,
      cost_source: "reported",
    });
    // It writes, and reads nothing.
    const { ingestToken, token } = project;
    for (const path of ["/api/events", "/metrics", "/healthz"])
      expect((await get(project, path, ingestToken)).status).toBe(401);
    const stored = await get(project, "/api/events?source=ci", token);
    expect(await stored.json()).toMatchObject({
      events: [{ event_type: "deploy_done" }],
    });
  });

  test("refuses what is not to be taken", async () => {
    const refused: [string, string, Record<string, string>, number][] = [
      ["/hooks/claude", "{}", { authorization: "" }, 401],
      [
        "/hooks/claude",
        "{}",
        { authorization: "Bearer read-token-for-tests" },
        401,
      ],
      [
        "/api/events",
        "{}",
        { authorization: "Bearer read-token-for-tests" },
        401,
      ],
      ["/hooks/nobody", "{}", {}, 404],
      ["/hooks/claude", "{}", { "content-type": "text/plain" }, 415],
      ["/hooks/claude", "{}", { origin: "https://evil.example" }, 403],
      ["/v1/logs", "{", {}, 400],
      ["/v1/logs", "{}", { "content-encoding": "br" }, 415],
      ["/api/events", '{"agent_id":"x"}', {}, 400],
      ["/api/events", '{"event_type":"x","metadata":[]}', {}, 400],
      ["/api/events", "[]", {}, 400],
    ];
    for (const [path, body, headers, status] of refused) {
      const response = await project.post(path, body, headers);
      expect([path, body, headers, response.status]).toEqual([
        path,
        body,
        headers,
        status,
      ]);
    }
    expect(project.left()).toEqual([]);
  });

  test("what a hook says is cut at 1 MiB and marked, and secrets are masked", async () => {
    const secret = ["gh", "p_", "Ab1".repeat(12)].join("");
    const huge = claude("PostToolUse", {
      tool_name: "Read",
      tool_use_id: "t1",
      tool_response: "x".repeat(2_000_000),
    });
    expect((await project.post("/hooks/claude", huge)).status).toBe(204);
    await project.post(
      "/hooks/claude",
      claude("UserPromptSubmit", { prompt: `use ${secret}` }),
    );
    const events = await project.eventsWhen(
      (all) =>
        ofType(all, "prompt_sent").length === 1 &&
        ofType(all, "tool_call").length === 2,
    );
    expect(JSON.stringify(events)).not.toContain(secret);
    expect(ofType(events, "tool_call")[1]?.metadata).toMatchObject({
      tool_name: "Read",
      more: { truncated: true },
    });
  });
});

test("the ingest token is made beside the other, for its owner only", async () => {
  const project = new AgentsProject();
  await project.start({ ADW_INGEST_TOKEN: "" });
  const file = join(project.adwsDir, ".adw_ingest_token");
  expect(existsSync(file)).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(project.read(".gitignore")).toContain(".adw_ingest_token");
  const token = project.read(".adw_ingest_token").trim();
  const headers = { authorization: `Bearer ${token}` };
  expect((await project.post("/hooks/claude", "{}", headers)).status).toBe(204);
});

function get(project: AgentsProject, path: string, token: string) {
  return fetch(`${project.url}${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
}

/** With definitions of its own, as an exporter has them. */
function encode(value: object): Uint8Array {
  const { root } = protobuf.parse(`syntax = "proto3";
    message Request { repeated ResourceLogs resource_logs = 1; }
    message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; }
    message Resource { repeated KeyValue attributes = 1; }
    message ScopeLogs { repeated LogRecord log_records = 2; }
    message LogRecord { fixed64 time_unix_nano = 1; AnyValue body = 5; repeated KeyValue attributes = 6; }
    message KeyValue { string key = 1; AnyValue value = 2; }
    message AnyValue { oneof value { string string_value = 1; int64 int_value = 3; } }`);
  const type = root.lookupType("Request");
  return type.encode(type.fromObject(value)).finish();
}
