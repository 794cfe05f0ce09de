import { once } from "node:events";
import { connect as netConnect } from "node:net";
import type { Socket } from "node:net";
import { clientFrame, TEXT } from "../../helpers/raw-client.ts";
import type { AdwServer } from "../../helpers/websockets-module.ts";
import {
  captureStderr,
  connect,
  connectRaw,
  eventually,
  onCleanup,
  range,
  start,
  upgradeStatus,
} from "../../helpers/servers.ts";

async function expectAlive(server: AdwServer): Promise<void> {
  const client = await connect(server);
  const seq = server.manager.broadcast({ event_type: "alive" });
  await client.until(() => client.seqs.includes(seq));
}

/** A socket that swallows everything; resolves to what it got when closed. */
function open(server: AdwServer): { socket: Socket; answer: Promise<string> } {
  const socket = netConnect(server.port, "127.0.0.1");
  onCleanup(() => socket.destroy());
  let text = "";
  socket.on("data", (chunk) => (text += String(chunk)));
  socket.on("error", () => {});
  const answer = new Promise<string>((resolve) => {
    socket.on("close", () => resolve(text));
  });
  return { socket, answer };
}

describe("messages that are not understood", () => {
  test.each([
    ["not JSON", "{", "invalid_message"],
    ["not an object", "[1]", "invalid_message"],
    ["null", "null", "invalid_message"],
    ["without a type", "{}", "unknown_type"],
    ["of an unknown type", '{"type":"publish"}', "unknown_type"],
    ["a prototype name", '{"type":"__proto__"}', "unknown_type"],
    [
      "a filter that is a list",
      '{"type":"subscribe","filter":[]}',
      "invalid_filter",
    ],
    [
      "a filter that is text",
      '{"type":"subscribe","filter":"x"}',
      "invalid_filter",
    ],
    [
      "a list of numbers",
      '{"type":"subscribe","filter":{"agent_ids":[1]}}',
      "invalid_filter",
    ],
    [
      "a list that is text",
      '{"type":"subscribe","filter":{"agent_ids":"a"}}',
      "invalid_filter",
    ],
    [
      "an unknown key",
      '{"type":"subscribe","filter":{"agents":["a"]}}',
      "invalid_filter",
    ],
    [
      "__proto__ as key",
      '{"type":"subscribe","filter":{"__proto__":["a"]}}',
      "invalid_filter",
    ],
  ])(
    "%s gets an error and the connection goes on",
    async (_name, text, code) => {
      const server = await start();
      const client = await connect(server);
      client.send(text);
      const error = await client.message("error");
      expect(error).toEqual({
        type: "error",
        code,
        message: expect.stringMatching(/\.$/),
      });
      server.manager.broadcast({ event_type: "event" });
      await client.received(1);
    },
  );

  test("a binary message gets an error", async () => {
    const server = await start();
    const client = await connect(server);
    client.ws.send(Buffer.from('{"type":"subscribe"}'));
    expect(await client.message("error")).toMatchObject({
      code: "invalid_message",
    });
  });
});

describe("messages that break the protocol close their connection only", () => {
  test("more than 4 KiB: 1009", async () => {
    const server = await start();
    const client = await connect(server);
    client.send("x".repeat(4_096));
    expect(await client.message("error")).toBeDefined();
    client.send("x".repeat(4_097));
    expect(await client.closed).toMatchObject({ code: 1009 });
    await expectAlive(server);
  });

  test("more than 4 KiB in fragments: 1009", async () => {
    const server = await start();
    const client = await connect(server);
    client.ws.send("x".repeat(3_000), { fin: false });
    client.ws.send("x".repeat(3_000), { fin: true });
    expect(await client.closed).toMatchObject({ code: 1009 });
  });

  test.each([
    ["an unmasked frame", clientFrame(TEXT, "{}", false), 1002],
    ["a reserved opcode", clientFrame(3, "{}"), 1002],
    ["a continuation of nothing", clientFrame(0, "{}"), 1002],
    ["text that is not UTF-8", clientFrame(TEXT, Buffer.from([0xff])), 1007],
  ])("%s: %s", async (_name, frame, code) => {
    const server = await start();
    const raw = await connectRaw(server);
    raw.socket.write(frame);
    expect(await raw.closeFrame()).toMatchObject({ code });
    await expectAlive(server);
  });
});

describe("too many messages", () => {
  test("are ignored, which is said once a second", async () => {
    const server = await start({ maxMessagesPerSecond: 5 });
    const client = await connect(server);
    for (let index = 0; index < 30; index += 1) client.send("{}");
    client.ws.ping("are you there");
    await once(client.ws, "pong");
    const codes = client.messages
      .filter((message) => message.type === "error")
      .map((message) => message["code"]);
    expect(codes).toEqual([...Array(5).fill("unknown_type"), "rate_limited"]);
  });

  test("and ten times as many close with 1008", async () => {
    const server = await start({ maxMessagesPerSecond: 5 });
    const client = await connect(server);
    for (let index = 0; index < 60; index += 1) client.send("{}");
    expect(await client.closed).toEqual({
      code: 1008,
      reason: "too many messages",
    });
    await expectAlive(server);
  });
});

test("who asks and never reads the answers is closed: they are not kept for ever", async () => {
  const server = await start({
    maxMessagesPerSecond: 1_000_000,
    maxEventBytes: 1_000,
    maxQueueBytes: 1_000,
  });
  const raw = await connectRaw(server);
  await raw.until(() => raw.frames.length > 0);
  raw.socket.pause();
  const ids = Array.from({ length: 300 }, (_, index) => `agent-${index}`);
  const filter = { agent_ids: ids };
  const frame = clientFrame(
    TEXT,
    JSON.stringify({ type: "subscribe", filter }),
  );
  const { manager } = server;
  let mostQueued = 0;
  while (manager.connections.size > 0) {
    await new Promise((resolve) => raw.socket.write(frame, resolve));
    mostQueued = Math.max(mostQueued, manager.stats().queue_bytes);
  }
  expect(mostQueued).toBeLessThan(1_000_000);
  await expectAlive(server);
});

describe("sockets that do not get to the point", () => {
  test("headers that dribble in are cut off", async () => {
    const server = await start({ headerTimeoutMs: 200 });
    const { socket, answer } = open(server);
    socket.write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    const dribble = setInterval(() => socket.write("X-A: 1\r\n"), 20);
    onCleanup(() => clearInterval(dribble));
    expect(await answer).toMatch(/^(HTTP\/1.1 408 .*|)/);
    expect(socket.destroyed).toBe(true);
  });

  test.each([Infinity, 1_001, 1_500.5])(
    "a time of %d ms for the headers is taken",
    async (headerTimeoutMs) => {
      const server = await start({ headerTimeoutMs });
      await expectAlive(server);
    },
  );

  test("a socket that says nothing is cut off", async () => {
    const server = await start({ headerTimeoutMs: 200 });
    expect(await open(server).answer).not.toContain(" 101 ");
  });

  test("more of them than 500 beyond maxConnections are not let in", async () => {
    const server = await start({ maxConnections: 1 });
    const sockets = range(1, 520).map(() => open(server));
    let dropped = 0;
    for (const { answer } of sockets) void answer.then(() => (dropped += 1));
    await eventually(() => dropped === 19);
    sockets.at(0)?.socket.destroy();
    await eventually(() => dropped === 20);
    await expectAlive(server);
  });

  test("an upgrade that is refused is closed even if the peer lingers", async () => {
    const server = await start({ token: "t" });
    const raw = await connectRaw(server);
    expect(raw.head).toMatch(/^HTTP\/1.1 401 /);
    await raw.closed;
  });
});

test.each([
  ["another method", "POST / HTTP/1.1\r\n", ""],
  ["another protocol", "GET / HTTP/1.1\r\n", "Upgrade: h2c\r\n"],
])("an upgrade with %s is refused", async (_name, line, extra) => {
  const server = await start();
  const { socket, answer } = open(server);
  socket.end(
    `${line}Host: localhost\r\nConnection: Upgrade\r\n` +
      `${extra || "Upgrade: websocket\r\n"}Sec-WebSocket-Version: 13\r\n` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  expect(await answer).toMatch(/^HTTP\/1.1 4\d\d /);
});

test.each([
  { "Sec-WebSocket-Key": "short" },
  { "Sec-WebSocket-Key": null },
  { "Sec-WebSocket-Version": "99" },
  { "Sec-WebSocket-Protocol": "a,,b" },
  { "Sec-WebSocket-Protocol": "a,a" },
])("an upgrade with %j gives 400", async (headers) => {
  const server = await start();
  expect(await upgradeStatus(server, { headers })).toBe(400);
});

test("500 upgrade requests of random rubbish leave the server alive", async () => {
  captureStderr();
  const server = await start({ maxConnections: 1_000, token: "t" });
  const random = seededRandom(7);
  const pick = <T>(list: readonly T[]): T =>
    list[Math.floor(random() * list.length)] as T;
  const rubbish = () =>
    pick([
      "",
      "null",
      "//",
      "http://",
      "http://[",
      "http://%",
      "[::1",
      "%00",
      "%",
      "\t",
      "a".repeat(3_000),
      "ÿþ",
      "?token=t&token=%E0%A4%A",
      "\u0001",
      "localhost",
      "127.0.0.1:99999999",
      "*",
      "../..",
      `${random()}`,
    ]);
  const targets = ["/", "//", "/?", "/?since=", "/?token=%", "*", "http://x/"];
  const statuses = new Set<string>();
  for (let round = 0; round < 10; round += 1) {
    const answers = range(1, 50).map(() => {
      const { socket, answer } = open(server);
      const headers = [
        `Host: ${random() < 0.5 ? "localhost" : rubbish()}`,
        `Connection: ${random() < 0.9 ? "Upgrade" : rubbish()}`,
        `Upgrade: ${random() < 0.9 ? "websocket" : rubbish()}`,
        `Sec-WebSocket-Version: ${random() < 0.8 ? "13" : rubbish()}`,
        `Sec-WebSocket-Key: ${random() < 0.8 ? "dGhlIHNhbXBsZSBub25jZQ==" : rubbish()}`,
        random() < 0.5 ? `Origin: ${rubbish()}` : "X: y",
        random() < 0.5 ? `Authorization: ${rubbish()}` : "X: y",
        random() < 0.5 ? `Sec-WebSocket-Protocol: ${rubbish()}` : "X: y",
      ].filter(() => random() < 0.95);
      const target = random() < 0.5 ? pick(targets) : `/${rubbish()}`;
      socket.end(
        `GET ${target} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`,
        "latin1",
      );
      return answer;
    });
    for (const answer of await Promise.all(answers)) {
      statuses.add(answer.slice(9, 12));
    }
  }
  expect([...statuses]).toEqual(expect.arrayContaining(["400", "401", "403"]));
  const client = await connect(server, { query: { token: "t" } });
  server.manager.broadcast({ event_type: "alive" });
  await client.received(1);
}, 20_000);

/** A small linear congruential generator: the same rubbish on every run. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}
