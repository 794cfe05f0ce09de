import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import {
  createDoors,
  MAX_HOOK_BYTES,
} from "../../../../templates/adws/adw_modules/adw_agents/doors.ts";
import { makeSpool } from "../../../../templates/adws/adw_modules/adw_agents/spool.ts";

let folder = "";
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "adw-doors-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Sent {
  path: string;
  body?: string | Buffer;
  headers?: Record<string, string>;
  method?: string;
}

/** Sends requests to the doors; what lies in the spool after them. */
async function send(...requests: Sent[]) {
  makeSpool(folder);
  const reports: string[] = [];
  const doors = createDoors({
    folder,
    token: "secret-token",
    report: (problem) => reports.push(problem),
  });
  const server = createServer((request, response) => {
    if (!doors(request, response)) response.writeHead(299).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const statuses: number[] = [];
  for (const { path, body = "{}", headers = {}, method = "POST" } of requests) {
    const response = await fetch(`http://127.0.0.1:${String(port)}${path}`, {
      method,
      headers: {
        authorization: "Bearer secret-token",
        "content-type": "application/json",
        ...headers,
      },
      ...(method === "POST" ? { body: new Uint8Array(Buffer.from(body)) } : {}),
    });
    await response.text();
    statuses.push(response.status);
  }
  const list = () => readdirSync(join(folder, "new"));
  const expected = statuses.filter(
    (status, index) =>
      status === 204 ||
      (status === 200 && requests[index]?.path !== "/v1/metrics"),
  ).length;
  const isDone = () => list().length + reports.length >= expected;
  for (let tries = 0; tries < 2_000 && !isDone(); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => server.close(resolve));
  const spooled = list().map((name) => ({
    source: name.split(".", 1)[0],
    body: JSON.parse(
      readFileSync(join(folder, "new", name), "utf8"),
    ) as unknown,
  }));
  return { statuses, spooled, reports };
}

test("a hook's payload is answered with an empty 204 and goes into the spool", async () => {
  const { statuses, spooled } = await send({
    path: "/hooks/claude",
    body: '{"a":1}',
  });
  expect(statuses).toEqual([204]);
  expect(spooled).toEqual([{ source: "claude", body: { a: 1 } }]);
});

test("telemetry is taken as JSON, zipped or not; metrics are answered and not used", async () => {
  const zipped = {
    path: "/v1/logs",
    body: gzipSync('{"z":1}'),
    headers: { "content-encoding": "gzip" },
  };
  const { statuses, spooled } = await send(
    { path: "/v1/traces", body: '{"t":1}' },
    zipped,
    { path: "/v1/metrics" },
  );
  expect(statuses).toEqual([200, 200, 200]);
  expect(spooled.map(({ source }) => source)).toEqual(["otel", "otel"]);
});

/** As protobuf writes a length between 2^14 and 2^21. */
const lengthOf = (length: number) => [
  (length & 0x7f) | 0x80,
  ((length >> 7) & 0x7f) | 0x80,
  length >> 14,
];

test.each<[string, Sent, number]>([
  ["no token", { path: "/hooks/claude", headers: { authorization: "" } }, 401],
  [
    "another token",
    { path: "/hooks/claude", headers: { authorization: "Bearer x" } },
    401,
  ],
  ["an unknown source", { path: "/hooks/nobody" }, 404],
  ["another method", { path: "/hooks/claude", method: "GET" }, 405],
  [
    "what is neither JSON nor protobuf",
    { path: "/v1/logs", headers: { "content-type": "text/plain" } },
    415,
  ],
  ["a broken body", { path: "/v1/logs", body: "{" }, 400],
  [
    "what is not gzip",
    { path: "/v1/logs", headers: { "content-encoding": "gzip" } },
    400,
  ],
  [
    "a bomb",
    {
      path: "/v1/logs",
      body: gzipSync(Buffer.alloc(64 * 1024 * 1024)),
      headers: { "content-encoding": "gzip" },
    },
    413,
  ],
  [
    "more records than anybody has",
    {
      path: "/v1/logs",
      body: gzipSync(
        `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${"{},".repeat(10_000)}{}]}]}]}`,
      ),
      headers: { "content-encoding": "gzip" },
    },
    413,
  ],
  [
    "more spans than anybody has, as protobuf",
    {
      path: "/v1/traces",
      // 10,001 empty spans in one scope of one resource, each with its length.
      body: Buffer.concat([
        Buffer.from([0x0a, ...lengthOf(20_006), 0x12, ...lengthOf(20_002)]),
        Buffer.alloc(20_002, Buffer.from([0x12, 0])),
      ]),
      headers: { "content-type": "application/x-protobuf" },
    },
    413,
  ],
  ["another path, which is not its own", { path: "/api/agents" }, 299],
  ["to read", { path: "/api/events", method: "GET" }, 299],
  ["an event that is none", { path: "/api/events", body: '{"a":1}' }, 400],
])("refuses %s", async (_name, request, status) => {
  const { statuses, spooled } = await send(request);
  expect(statuses).toEqual([status]);
  expect(spooled).toEqual([]);
});

test("what is too large is cut and marked, not refused", async () => {
  const body = JSON.stringify({
    session_id: "s",
    tool_use_id: "t",
    tool_response: "x".repeat(MAX_HOOK_BYTES),
  });
  const { statuses, spooled } = await send({ path: "/hooks/claude", body });
  expect(statuses).toEqual([204]);
  expect(spooled[0]?.body).toEqual({
    truncated: true,
    original_bytes: body.length,
    session_id: "s",
    tool_use_id: "t",
    text: body.slice(0, 10_000),
  });
});

describe("a zipped hook", () => {
  const zip = (body: Buffer) => ({
    path: "/hooks/claude",
    body,
    headers: { "content-encoding": "gzip" },
  });
  const payload = (text: string) =>
    JSON.stringify({ session_id: "s", tool_use_id: "t", tool_response: text });

  test("is spooled as it was", async () => {
    const { spooled } = await send(zip(gzipSync(payload("x"))));
    expect(spooled[0]?.body).toEqual(JSON.parse(payload("x")));
  });

  test.each([
    ["unzipped", gzipSync(payload("x".repeat(8 * MAX_HOOK_BYTES)))],
    [
      "zipped",
      gzipSync(payload(randomBytes(2 * MAX_HOOK_BYTES).toString("base64"))),
    ],
  ])("that is too large %s is cut and marked", async (_name, body) => {
    const { statuses, spooled, reports } = await send(zip(body));
    expect(statuses).toEqual([204]);
    expect(reports).toEqual([]);
    expect(spooled[0]?.body).toMatchObject({
      truncated: true,
      session_id: "s",
      tool_use_id: "t",
    });
  });

  test("that is no gzip is lost, and that is said", async () => {
    const { statuses, spooled, reports } = await send(zip(Buffer.from("{}")));
    expect([statuses, spooled]).toEqual([[204], []]);
    expect(reports).toEqual([
      "A request is lost that was answered already: It is not gzip.",
    ]);
  });
});
