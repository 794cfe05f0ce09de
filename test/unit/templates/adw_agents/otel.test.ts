/** What comes by OpenTelemetry: the same record counts once, and keeps what it says. */
import { maskContent } from "../../../../templates/adws/adw_modules/adw_agents/act.ts";
import { Ledger } from "../../../../templates/adws/adw_modules/adw_agents/ledger.ts";
import { readOtel } from "../../../../templates/adws/adw_modules/adw_agents/otel.ts";
import { mapPayload } from "../../../../templates/adws/adw_modules/adw_agents/sources.ts";

const AT = Date.parse("2026-11-25T10:00:00.000Z");

const attributes = (fields: Record<string, string | number>) =>
  Object.entries(fields).map(([key, value]) => ({
    key,
    value:
      typeof value === "string" ? { stringValue: value } : { intValue: value },
  }));

interface Log {
  fields?: Record<string, string | number>;
  body?: object;
  nanos?: string;
}
const request = (service: string, ...logs: Log[]) => ({
  resourceLogs: [
    {
      resource: { attributes: attributes({ "service.name": service }) },
      scopeLogs: [
        {
          logRecords: logs.map(({ fields = {}, body, nanos }) => ({
            timeUnixNano: nanos ?? `${String(AT)}000000`,
            body,
            attributes: attributes(fields),
          })),
        },
      ],
    },
  ],
});

const codex = (output: number): Log => ({
  fields: {
    "event.name": "codex.sse_event",
    "event.kind": "response.completed",
    "conversation.id": "s",
    input_token_count: 10,
    output_token_count: output,
  },
});
const gemini = (output: number): Log => ({
  fields: {
    "event.name": "gemini_cli.api_response",
    "session.id": "s",
    input_token_count: 10,
    output_token_count: output,
  },
});

test.each([
  ["codex_exec", codex],
  ["gemini-cli", gemini],
])(
  "a request of %s that its exporter sends again counts once",
  (service, log) => {
    const ledger = new Ledger();
    const send = (id: string, ...logs: Log[]) =>
      mapPayload("otel", request(service, ...logs), { at: AT, id }).flatMap(
        (act) => ledger.take(act, AT),
      );
    send("otel.1", log(2), log(3));
    send("otel.2", log(2), log(3));
    // Also in a batch of another shape.
    send("otel.3", log(3), log(2));
    const used = ledger
      .settle(AT + 60_000)
      .flatMap((call) =>
        call.type === "event" && call.event === "cost_update"
          ? [call.details["tokens_output"]]
          : [],
      );
    expect(used.toSorted()).toEqual([2, 3]);
  },
);

test("records of two services that look the same are two", () => {
  const ids = ["a", "b"].flatMap((service) =>
    readOtel(request(service, { body: { stringValue: "up" } }), {
      at: AT,
      id: "f",
    }).map(({ id }) => id),
  );
  expect(new Set(ids).size).toBe(2);
});

test("a body that is no name is kept, and masked like all content", () => {
  const secret = ["gh", "p_", "Ab1".repeat(12)].join("");
  const text = `signed in with ${secret} ${"x".repeat(200)}`;
  const payload = request("my-agent", { body: { stringValue: text } });
  const [act] = mapPayload("otel", payload, { at: AT, id: "f" });
  expect(act).toMatchObject({ type: "other", name: "log" });
  expect(act).toMatchObject({ fields: { body: text } });
  const masked = JSON.stringify(act && maskContent(act));
  expect(masked).not.toContain(secret);
  expect(masked).toContain("x".repeat(200));
  const named = request("my-agent", { body: { stringValue: "my.event" } });
  expect(mapPayload("otel", named, { at: AT, id: "f" })[0]).toMatchObject({
    name: "my.event",
    fields: {},
  });
});

test.each(["name", "reason", "outcome"])(
  "a secret in the %s of an act is masked",
  (field) => {
    const secret = ["gh", "p_", "Ab1".repeat(12)].join("");
    expect(JSON.stringify(maskContent({ [field]: secret }))).not.toContain(
      secret,
    );
  },
);
