import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket, WebSocketServer } from "ws";
import { run } from "../../helpers/program.ts";
import { loadRendered, renderedPath } from "../../helpers/rendered-modules.ts";
import type {
  ClientOptions,
  ConnectionState,
  WebSocketConstructor,
  WebSocketEvent,
} from "../../../build/rendered/default/adws/adw_modules/adw_websocket_client.ts";
import type {
  AdwServer,
  EventHistory,
  NewEvent,
} from "../../../build/rendered/default/adws/adw_modules/adw_websockets.ts";

const { AdwWebSocketClient } = loadRendered("adw_modules/adw_websocket_client");
const { broadcastAgentEvent, startServer, stopServer } = loadRendered(
  "adw_modules/adw_websockets",
);

const TOKEN = "a-token-for-tests";
const cleanups: Array<() => unknown> = [];

afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).reverse()) await cleanUp();
});

/** A history that survives its server, as a database does. */
class SurvivingHistory implements EventHistory {
  readonly streamId = "surviving";
  readonly events: WebSocketEvent[] = [];
  get firstSeq() {
    return this.events[0]?.seq ?? this.lastSeq + 1;
  }
  get lastSeq() {
    return this.events.at(-1)?.seq ?? 0;
  }
  read(since: number, limit: number) {
    return this.events.filter(({ seq }) => seq > since).slice(0, limit);
  }
  append(event: NewEvent): WebSocketEvent {
    const stored = { ...event, seq: this.lastSeq + 1 };
    this.events.push(stored);
    return stored;
  }
}

/** `ws`, and the runtime's own where it has one (Node >= 22). */
const IMPLEMENTATIONS: Array<[string, WebSocketConstructor]> = [
  ["ws", WebSocket],
];
if ("WebSocket" in globalThis) {
  IMPLEMENTATIONS.push(["the runtime", globalThis.WebSocket]);
}

describe.each(IMPLEMENTATIONS)(
  "the WebSocket of %s",
  (name, Implementation) => {
    async function start(
      options: Parameters<typeof startServer>[0] = {},
    ): Promise<AdwServer> {
      const server = await startServer({ port: 0, token: TOKEN, ...options });
      cleanups.push(() => stopServer(server));
      return server;
    }

    const emit = (server: AdwServer, message: string, agentId = "agent-1") =>
      broadcastAgentEvent(server.manager, agentId, "event", message);

    /** A client whose events and states are kept, and can be waited for. */
    function follow(options: Omit<ClientOptions, "WebSocket">) {
      const events: WebSocketEvent[] = [];
      const states: ConnectionState[] = [];
      const problems: string[] = [];
      const watchers = new Set<() => void>();
      const client = new AdwWebSocketClient({
        WebSocket: Implementation,
        token: TOKEN,
        initialDelayMs: 10,
        maxDelayMs: 40,
        onEvent: (event) => {
          events.push(event);
          for (const look of watchers) look();
        },
        onProblem: (problem) => problems.push(problem),
        ...options,
        onStateChange: (state) => {
          states.push(state);
          options.onStateChange?.(state);
          for (const look of watchers) look();
        },
      });
      cleanups.push(() => client.close());
      const until = (isDone: () => boolean) =>
        new Promise<void>((resolve) => {
          const look = () => {
            if (!isDone()) return;
            watchers.delete(look);
            resolve();
          };
          watchers.add(look);
          look();
        });
      return {
        client,
        events,
        states,
        problems,
        until,
        messages: () => events.map(({ message }) => message),
        statuses: () => states.map(({ status }) => status),
        is: (status: ConnectionState["status"]) =>
          until(() => client.state.status === status),
        received: (count: number) => until(() => events.length >= count),
      };
    }

    type Connection = { socket: WebSocket; request: IncomingMessage };

    /** A server that does what the test says: for what the real one does rarely. */
    async function startScripted(
      onConnection: (connection: Connection, index: number) => void,
      port = 0,
    ) {
      const server = new WebSocketServer({ host: "127.0.0.1", port });
      let count = 0;
      const requests: IncomingMessage[] = [];
      server.on("connection", (socket, request) => {
        requests.push(request);
        onConnection({ socket, request }, count++);
      });
      await once(server, "listening");
      const stop = () => {
        for (const socket of server.clients) socket.terminate();
        return new Promise<void>((resolve) => server.close(() => resolve()));
      };
      cleanups.push(stop);
      const { port: boundPort } = server.address() as AddressInfo;
      return { url: `ws://127.0.0.1:${boundPort}`, port: boundPort, requests };
    }

    function greet({ socket }: Connection, lastSeq = 0, streamId = "scripted") {
      const greeting = { type: "connection_established", protocol: 1 };
      const place = { stream_id: streamId, last_seq: lastSeq, oldest_seq: 1 };
      socket.send(JSON.stringify({ ...greeting, ...place }));
    }

    function sendEvent({ socket }: Connection, seq: number) {
      const event = {
        seq,
        event_type: "event",
        agent_id: "agent-1",
        message: `m${seq}`,
        metadata: {},
        timestamp: "2026-01-01T00:00:00.000Z",
        log_type: "event",
        log_level: "info",
      };
      socket.send(JSON.stringify(event));
    }

    const searchOf = (request: IncomingMessage | undefined) =>
      new URL(request?.url ?? "", "ws://host").searchParams;

    describe("following a stream", () => {
      test("hands over what happens from now on, in order", async () => {
        const server = await start();
        await emit(server, "before");
        const { is, received, messages, statuses } = follow({
          url: server.url,
        });
        await is("live");
        await emit(server, "one");
        await emit(server, "two");
        await received(2);
        expect(messages()).toEqual(["one", "two"]);
        expect(statuses()).toEqual(["connecting", "live"]);
      });

      test("since: 0 asks for the whole history first", async () => {
        const server = await start();
        await emit(server, "before");
        const { received, messages } = follow({ url: server.url, since: 0 });
        await received(1);
        await emit(server, "after");
        await received(2);
        expect(messages()).toEqual(["before", "after"]);
      });

      test("since and streamId go on where another client was", async () => {
        const server = await start();
        const first = follow({ url: server.url, since: 0 });
        await emit(server, "one");
        await first.received(1);
        const { seq, streamId } = first.client.position;
        first.client.close();
        await emit(server, "two");
        const second = follow({ url: server.url, since: seq, streamId });
        await second.received(1);
        expect(second.messages()).toEqual(["two"]);
      });

      test("reports a message it does not understand, and stays live", async () => {
        const { url } = await startScripted((connection) => {
          greet(connection);
          connection.socket.send("not JSON");
          connection.socket.send('{"seq":"1","event_type":"x"}');
          connection.socket.send(
            '{"type":"error","message":"said the server"}',
          );
          connection.socket.send('{"type":"of a later version"}');
          sendEvent(connection, 1);
        });
        const { received, problems, statuses } = follow({ url });
        await received(1);
        expect(problems).toEqual([
          "message not understood: not JSON",
          'message not understood: {"seq":"1","event_type":"x"}',
          "said the server",
        ]);
        expect(statuses()).toEqual(["connecting", "live"]);
      });

      test("a server of another protocol version is named as the reason", async () => {
        const { url } = await startScripted(({ socket }) =>
          socket.send('{"type":"connection_established","protocol":2}'),
        );
        const { is, client } = follow({ url });
        await is("refused");
        expect(client.state).toMatchObject({
          reason:
            "The server speaks protocol 2, this client 1: run npx adw-scaffold update.",
        });
      });
    });

    describe("a callback that throws", () => {
      test("is reported as uncaught, and the stream goes on", async () => {
        const server = await start();
        const program = run([
          "--input-type=module",
          "--eval",
          `const { AdwWebSocketClient } = await import(${JSON.stringify(renderedPath("adw_modules/adw_websocket_client.ts"))});
        const { WebSocket } = await import("ws");
        process.on("uncaughtException", ({ message }) => console.log("uncaught", message));
        const client = new AdwWebSocketClient({
          url: "${server.url}", token: "${TOKEN}", since: 0,
          WebSocket: ${name === "ws"} ? WebSocket : globalThis.WebSocket,
          onStateChange: ({ status }) => {
            if (status === "live") throw new Error("state");
          },
          onEvent: ({ message }) => {
            console.log(message);
            if (message === "last") client.close();
            throw new Error("event");
          },
        });`,
        ]);
        await emit(server, "first");
        await emit(server, "last");
        expect(await program.exited).toEqual({ code: 0, signal: null });
        expect(program.stdout().split("\n").sort()).toEqual([
          "",
          "first",
          "last",
          "uncaught event",
          "uncaught event",
          "uncaught state",
        ]);
      });
    });

    describe("the token", () => {
      test("travels as a subprotocol, out of the URL", async () => {
        const { url, requests } = await startScripted(greet);
        const { is } = follow({ url });
        await is("live");
        const offered = requests[0]?.headers["sec-websocket-protocol"];
        expect(offered?.split(/, ?/)).toEqual(["adw.v1", `adw.token.${TOKEN}`]);
        expect(requests[0]?.url).not.toContain(TOKEN);
      });

      test("is taken from the fragment of the URL that adw_server prints", async () => {
        const server = await start();
        const page = server.url.replace("ws:", "http:");
        const url = `${page}/#token=${TOKEN}`;
        const { is, statuses } = follow({ url, token: undefined });
        await is("live");
        expect(statuses()).toEqual(["connecting", "live"]);
      });

      test('goes into the query with tokenIn: "query"', async () => {
        const { url, requests } = await startScripted(greet);
        const { is } = follow({ url, token: "a/b c", tokenIn: "query" });
        await is("live");
        expect(searchOf(requests[0]).get("token")).toBe("a/b c");
      });

      test("is refused at once when a subprotocol cannot carry it", () => {
        const construct = () =>
          new AdwWebSocketClient({ url: "ws://host", token: "a b", WebSocket });
        expect(construct).toThrow(
          'The token holds characters that a subprotocol may not have: pass tokenIn: "query", or use a token of letters, digits, "-" and "_".',
        );
      });

      test("when wrong: refused, at once where the HTTP status is known", async () => {
        const server = await start();
        const { is, client, statuses } = follow({
          url: server.url,
          token: "wrong",
          refusedAfter: 2,
        });
        await is("refused");
        expect(client.state).toMatchObject({ code: 1006 });
        if (name === "ws") {
          expect(client.state).toMatchObject({
            reason: "Unexpected server response: 401",
          });
          expect(statuses()).toEqual(["connecting", "refused"]);
        } else {
          expect(statuses()).toEqual(["connecting", "reconnecting", "refused"]);
        }
      });
    });

    test.each([
      [
        "ftp://host",
        "The URL must start with ws:, wss:, http: or https:, not with ftp:",
      ],
      ["nonsense", "Invalid URL"],
    ])("the URL %s is refused at once", (url, message) => {
      expect(() => new AdwWebSocketClient({ url, WebSocket })).toThrow(message);
    });

    describe("reconnecting", () => {
      test("nothing is lost or doubled across restarts of the server", async () => {
        const history = new SurvivingHistory();
        let server = await start({ history });
        const { port, url } = server;
        const { is, events, received } = follow({ url });
        await is("live");
        for (let round = 0; round < 3; round++) {
          for (let index = 0; index < 50; index++)
            await emit(server, "while up");
          // Not waited for: some of these are still on their way when it stops.
          await stopServer(server);
          await is("reconnecting");
          history.append({ ...history.events[0]!, message: "while down" });
          server = await start({ history, port });
          await is("live");
        }
        await received(153);
        expect(events.map(({ seq }) => seq)).toEqual(
          Array.from({ length: 153 }, (_, index) => index + 1),
        );
        expect(events.filter((e) => e.message === "while down")).toHaveLength(
          3,
        );
      });

      test("a connection that is cut without a close frame is resumed", async () => {
        const server = await start();
        const { is, received, messages, until, states } = follow({
          url: server.url,
        });
        await is("live");
        await emit(server, "one");
        await received(1);
        for (const { socket } of server.manager.connections) socket.destroy();
        await until(() =>
          states.some(({ status }) => status === "reconnecting"),
        );
        await emit(server, "two");
        await received(2);
        expect(messages()).toEqual(["one", "two"]);
      });

      test("asks for what comes after the last event, and drops what it has", async () => {
        const { url, requests } = await startScripted((connection, index) => {
          greet(connection, 5 + index);
          if (index === 0) {
            sendEvent(connection, 6);
            connection.socket.close(4408);
          } else {
            for (const seq of [5, 6, 6, 7]) sendEvent(connection, seq);
          }
        });
        const { received, messages } = follow({ url });
        await received(2);
        expect(messages()).toEqual(["m6", "m7"]);
        expect(searchOf(requests[0]).has("since")).toBe(false);
        expect(searchOf(requests[1]).get("since")).toBe("6");
        expect(searchOf(requests[1]).get("stream_id")).toBe("scripted");
      });

      test("a loss before the first event resumes from where it began", async () => {
        const { url, requests } = await startScripted((connection, index) => {
          greet(connection, 41);
          if (index === 0) connection.socket.terminate();
          else sendEvent(connection, 42);
        });
        const { received } = follow({ url });
        await received(1);
        expect(searchOf(requests[1]).get("since")).toBe("41");
      });

      test("1013: waits busyDelayMs, then gets the place that became free", async () => {
        const server = await start({ maxConnections: 1 });
        const first = follow({ url: server.url });
        await first.is("live");
        const second = follow({ url: server.url, busyDelayMs: 60 });
        await second.is("reconnecting");
        expect(second.client.state).toMatchObject({ code: 1013 });
        const { delayMs = 0 } = { ...second.client.state } as {
          delayMs?: number;
        };
        expect(delayMs).toBeGreaterThanOrEqual(60);
        first.client.close();
        await second.is("live");
      });

      test("4413: resumes at once with since", async () => {
        const { url, requests } = await startScripted((connection, index) => {
          greet(connection);
          sendEvent(connection, index + 1);
          if (index === 0) connection.socket.close(4413, "last_seq=1");
        });
        const { received, states } = follow({
          url,
          initialDelayMs: 60_000,
          maxDelayMs: 60_000,
        });
        await received(2);
        expect(searchOf(requests[1]).get("since")).toBe("1");
        expect(states).toContainEqual({
          status: "reconnecting",
          code: 4413,
          reason: "last_seq=1",
          delayMs: 0,
        });
      });

      test("a server that is not there: refused after some tries, live once it is", async () => {
        const { port } = await start().then(async (server) => {
          const bound = server.port;
          await stopServer(server);
          return { port: bound };
        });
        const { is, statuses, client } = follow({
          url: `ws://127.0.0.1:${port}`,
          refusedAfter: 2,
        });
        await is("refused");
        expect(statuses()).toEqual(["connecting", "reconnecting", "refused"]);
        expect(client.state).toMatchObject({
          reason: expect.stringMatching(name === "ws" ? /ECONNREFUSED/ : /./),
        });
        await start({ port });
        await is("live");
      });

      test("a server that accepts and says nothing is given up", async () => {
        const { url } = await startScripted((connection, index) => {
          if (index > 0) greet(connection);
        });
        const { is, states } = follow({ url, replyTimeoutMs: 50 });
        await is("live");
        expect(states[1]).toMatchObject({ reason: "no greeting within 50 ms" });
      });

      test("a connection that died unnoticed is replaced", async () => {
        // The first connection greets, and then never answers anything.
        const { url } = await startScripted((connection) => greet(connection));
        const { until, states } = follow({
          url,
          probeAfterMs: 40,
          replyTimeoutMs: 500,
        });
        await until(
          () => states.filter((s) => s.status === "live").length === 2,
        );
        expect(states).toContainEqual({
          status: "reconnecting",
          code: 1006,
          reason: "no answer within 500 ms",
          delayMs: expect.any(Number),
        });
      });

      test("a quiet connection that answers the probe is kept", async () => {
        const probes: string[] = [];
        let enough = () => {};
        const probedTwice = new Promise<void>((resolve) => (enough = resolve));
        const { url } = await startScripted((connection) => {
          greet(connection);
          connection.socket.on("message", (data) => {
            probes.push(String(data));
            connection.socket.send('{"type":"subscribed"}');
            if (probes.length === 2) enough();
          });
        });
        const { statuses } = follow({
          url,
          probeAfterMs: 30,
          replyTimeoutMs: 1_000,
        });
        await probedTwice;
        expect(probes[0]).toBe('{"type":"subscribe","filter":{}}');
        expect(statuses()).toEqual(["connecting", "live"]);
      });

      test.each([
        ["grow while connections do not last", 60_000, [4, 8, 16]],
        ["start over after one that lasted", 0, [4, 4, 4]],
      ])("delays %s", async (_, stableAfterMs, delays) => {
        const { url } = await startScripted((connection) => {
          greet(connection);
          connection.socket.close(1001);
        });
        const { until, states } = follow({
          url,
          initialDelayMs: 4,
          stableAfterMs,
          random: () => 1,
        });
        const waits = () =>
          states.flatMap((state) =>
            state.status === "reconnecting" ? [state.delayMs] : [],
          );
        await until(() => waits().length === 3);
        expect(waits()).toEqual(delays);
      });

      test("retryNow ends a long wait", async () => {
        const { url } = await startScripted((connection, index) => {
          if (index === 0) connection.socket.terminate();
          else greet(connection);
        });
        const { is, client } = follow({
          url,
          initialDelayMs: 1e6,
          maxDelayMs: 1e6,
          random: () => 0.9,
        });
        await is("reconnecting");
        client.retryNow();
        client.retryNow();
        await is("live");
        expect(client.state.status).toBe("live");
      });
    });

    describe("resync", () => {
      test("another stream: told with the reason, then everything it has", async () => {
        const first = await start();
        const { port, url } = first;
        const { is, received, until, states, messages } = follow({ url });
        await is("live");
        for (const message of ["a", "b", "c"]) await emit(first, message);
        await received(3);
        await stopServer(first);
        const second = await start({ port });
        await emit(second, "new 1");
        await emit(second, "new 2");
        await received(5);
        await until(() => states.some(({ status }) => status === "resyncing"));
        expect(messages().slice(3)).toEqual(["new 1", "new 2"]);
        expect(states).toContainEqual({
          status: "resyncing",
          reason: "other_stream",
          streamId: second.streamId,
          firstSeq: 1,
        });
        expect(states.at(-1)).toMatchObject({ status: "live" });
      });

      test("pruned: told before the first event that is still there", async () => {
        const server = await start({ historySize: 2 });
        for (const message of ["a", "b", "c", "d"]) await emit(server, message);
        const { received, messages, states, client } = follow({
          url: server.url,
          since: 1,
        });
        await received(2);
        expect(messages()).toEqual(["c", "d"]);
        expect(states).toContainEqual({
          status: "resyncing",
          reason: "pruned",
          streamId: server.streamId,
          firstSeq: 3,
        });
        expect(client.position).toEqual({ streamId: server.streamId, seq: 4 });
      });

      test("ahead: numbers start lower again, and nothing is taken for a duplicate", async () => {
        const { url } = await startScripted((connection) => {
          greet(connection, 2);
          const notice = { type: "resync_required", reason: "ahead" };
          const place = { stream_id: "scripted", last_seq: 2, oldest_seq: 1 };
          connection.socket.send(JSON.stringify({ ...notice, ...place }));
          sendEvent(connection, 1);
          sendEvent(connection, 2);
        });
        const { received, messages } = follow({
          url,
          since: 50,
          streamId: "scripted",
        });
        await received(2);
        expect(messages()).toEqual(["m1", "m2"]);
      });

      test("a loop hears of it only after the events that came before", async () => {
        const { url } = await startScripted((connection) => {
          greet(connection);
          sendEvent(connection, 7);
          const notice = { type: "resync_required", reason: "pruned" };
          const place = { stream_id: "scripted", last_seq: 21, oldest_seq: 21 };
          connection.socket.send(JSON.stringify({ ...notice, ...place }));
          sendEvent(connection, 21);
          sendEvent(connection, 22);
        });
        const order: string[] = [];
        let full = () => {};
        const isFull = new Promise<void>((resolve) => (full = resolve));
        const client = new AdwWebSocketClient({
          url,
          WebSocket: Implementation,
          maxBufferedEvents: 3,
          onStateChange: ({ status }) => {
            order.push(status);
            if (status === "paused") full();
          },
        });
        cleanups.push(() => client.close());
        await isFull;
        order.length = 0;
        for (let count = 0; count < 2; count++) {
          const { value } = await client.next();
          order.push(value?.message ?? "");
        }
        expect(order).toEqual([
          "m7",
          "resyncing",
          "paused",
          "reconnecting",
          "m21",
        ]);
      });
    });

    describe("the filter", () => {
      test("that is larger than the server takes is said to be refused", async () => {
        const server = await start();
        const agentIds = Array.from({ length: 400 }, (_, n) => `agent-${n}`);
        const { states, is } = follow({
          url: server.url,
          filter: { agent_ids: agentIds },
          maxDelayMs: 60_000,
        });
        await is("refused");
        expect(states.at(-1)).toMatchObject({ status: "refused", code: 1009 });
      });

      test("is sent again after every reconnect", async () => {
        const history = new SurvivingHistory();
        const server = await start({ history });
        const { port, url } = server;
        const { is, received, events } = follow({
          url,
          filter: { agent_ids: ["wanted"] },
        });
        await is("live");
        await stopServer(server);
        await is("reconnecting");
        const append = (agentId: string) =>
          history.append({
            event_type: "event",
            agent_id: agentId,
            message: "while down",
            metadata: {},
            timestamp: new Date().toISOString(),
            log_type: "event",
            log_level: "info",
          });
        append("unwanted");
        append("wanted");
        const again = await start({ history, port });
        await is("live");
        await emit(again, "live", "unwanted");
        await emit(again, "live", "wanted");
        await received(2);
        expect(events.map(({ agent_id }) => agent_id)).toEqual([
          "wanted",
          "wanted",
        ]);
      });

      test("can be replaced before the server has said hello", async () => {
        const asked: string[] = [];
        const { url } = await startScripted((connection) => {
          connection.socket.on("message", (data) => {
            asked.push(String(data));
            connection.socket.send(JSON.stringify({ type: "subscribed" }));
            if (asked.length === 1) client.subscribe({ agent_ids: ["b"] });
            else greet(connection);
          });
        });
        const { client, is } = follow({ url, filter: { agent_ids: ["a"] } });
        await is("live");
        expect(asked).toEqual([
          '{"type":"subscribe","filter":{"agent_ids":["a"]}}',
          '{"type":"subscribe","filter":{"agent_ids":["b"]}}',
        ]);
      });

      test("can be replaced while live, and lists that are empty do not filter", async () => {
        const server = await start();
        const { is, received, client, messages } = follow({
          url: server.url,
          filter: { agent_ids: ["a"], event_types: [] },
        });
        await is("live");
        await emit(server, "1", "a");
        await emit(server, "2", "b");
        await received(1);
        client.subscribe({ agent_ids: ["b"] });
        await emit(server, "3", "a"); // the server may not know the new filter yet
        await emit(server, "4", "b");
        await received(2);
        expect(messages()).toEqual(["1", "4"]);
      });
    });

    describe("a filter that is replaced more often than the server takes", () => {
      test("is in force a second later", async () => {
        const server = await start();
        const { is, client, messages, problems, received } = follow({
          url: server.url,
          filter: {},
        });
        await is("live");
        for (let count = 0; count < 30; count += 1) {
          client.subscribe({ agent_ids: [`agent-${count}`] });
        }
        const timer = setInterval(() => {
          void emit(server, "wanted", "agent-29");
          void emit(server, "unwanted", "agent-18"); // the server's, until then
        }, 50);
        cleanups.push(() => clearInterval(timer));
        await received(3);
        expect(new Set(messages())).toEqual(new Set(["wanted"]));
        expect(problems).toEqual([
          "More than 20 messages in a second; the rest is ignored.",
        ]);
      });
    });

    describe("for await", () => {
      const open = (options: ClientOptions) => {
        const client = new AdwWebSocketClient({
          WebSocket: Implementation,
          token: TOKEN,
          since: 0,
          initialDelayMs: 10,
          ...options,
        });
        cleanups.push(() => client.close());
        return client;
      };

      test("a consumer slower than the stream loses nothing and is told", async () => {
        const server = await start();
        const states: ConnectionState[] = [];
        const client = open({
          url: server.url,
          maxBufferedEvents: 10,
          onStateChange: (state) => states.push(state),
        });
        for (let index = 1; index <= 200; index++)
          await emit(server, String(index));
        const seqs: number[] = [];
        for await (const { seq } of client) {
          seqs.push(seq);
          await new Promise((resolve) => setImmediate(resolve)); // slow
          if (seq === 200) break;
        }
        expect(seqs).toEqual(
          Array.from({ length: 200 }, (_, index) => index + 1),
        );
        expect(states).toContainEqual({
          status: "paused",
          reason: "10 events wait to be taken",
        });
      });

      test("break closes the client", async () => {
        const server = await start();
        await emit(server, "one");
        const client = open({ url: server.url });
        for await (const event of client) {
          expect(event.message).toBe("one");
          break;
        }
        expect(client.state).toEqual({
          status: "closed",
          reason: "the consumer left its loop",
        });
        expect(await client.next()).toEqual({ done: true, value: undefined });
      });

      test("close() ends a waiting loop", async () => {
        const client = open({ url: (await start()).url });
        const pending = client.next();
        client.close();
        expect(await pending).toEqual({ done: true, value: undefined });
      });

      test("after close() a loop still gets what has been received", async () => {
        const server = await start();
        for (const message of ["a", "b", "c"]) await emit(server, message);
        const client = await new Promise<
          InstanceType<typeof AdwWebSocketClient>
        >((resolve) => {
          const opened = open({
            url: server.url,
            maxBufferedEvents: 2,
            onStateChange: ({ status }) => {
              if (status === "paused") resolve(opened);
            },
          });
        });
        client.close();
        client.close();
        const messages: string[] = [];
        for await (const { message } of client) messages.push(message);
        expect(messages).toEqual(["a", "b"]);
      });

      test("several next() at once are answered in order", async () => {
        const server = await start();
        const client = open({ url: server.url });
        const pending = [client.next(), client.next()];
        await emit(server, "one");
        await emit(server, "two");
        const results = await Promise.all(pending);
        expect(results.map(({ value }) => value?.message)).toEqual([
          "one",
          "two",
        ]);
      });

      test("is refused beside onEvent", () => {
        const client = open({ url: "ws://127.0.0.1:9", onEvent: () => {} });
        expect(() => client[Symbol.asyncIterator]()).toThrow(
          "This client already hands its events to onEvent: use either onEvent or for await.",
        );
      });
    });

    describe("ending", () => {
      test("an abort closes the client", async () => {
        const server = await start();
        const aborter = new AbortController();
        const { is, client } = follow({
          url: server.url,
          signal: aborter.signal,
        });
        await is("live");
        aborter.abort();
        expect(client.state).toEqual({ status: "closed", reason: "aborted" });
      });

      test("a signal that is aborted already: no connection is made", async () => {
        const { url, requests } = await startScripted(greet);
        const { is } = follow({ url, signal: AbortSignal.abort() });
        await is("closed");
        const probe = follow({ url });
        await probe.is("live");
        expect(requests).toHaveLength(1);
      });

      test("close() while waiting for the next try: none is made", async () => {
        const { url, requests } = await startScripted(({ socket }) =>
          socket.terminate(),
        );
        const { is, client } = follow({
          url,
          initialDelayMs: 0,
          onStateChange: ({ status }) => {
            if (status === "reconnecting") client.close();
          },
        });
        await is("closed");
        const other = follow({ url, initialDelayMs: 1e6, maxDelayMs: 1e6 });
        await other.is("reconnecting");
        expect(requests).toHaveLength(2);
        expect(client.state).toEqual({
          status: "closed",
          reason: "closed by the caller",
        });
      });

      test.each(["live", "reconnecting"])(
        "a process ends by itself after close() in the state %s",
        async (status) => {
          const server = await start();
          const url = status === "live" ? server.url : "ws://127.0.0.1:9";
          const program = run([
            "--input-type=module",
            "--eval",
            `const { AdwWebSocketClient } = await import(${JSON.stringify(renderedPath("adw_modules/adw_websocket_client.ts"))});
        const { WebSocket } = await import("ws");
        const client = new AdwWebSocketClient({
          url: "${url}", token: "${TOKEN}", initialDelayMs: 1e6, maxDelayMs: 1e6,
          WebSocket: ${name === "ws"} ? WebSocket : globalThis.WebSocket,
          onStateChange: (state) => {
            if (state.status !== "${status}") return;
            console.log("closing");
            client.close();
          },
        });`,
          ]);
          expect(await program.exited).toEqual({ code: 0, signal: null });
          expect(program.stdout()).toBe("closing\n");
          expect(program.stderr()).toBe("");
        },
        20_000,
      );
    });
  },
);

describe("without the option WebSocket", () => {
  const follow = (url: string, removesWebSocket: boolean, file: string) =>
    run([
      "--input-type=module",
      "--eval",
      `if (${removesWebSocket}) delete globalThis.WebSocket;
      const { AdwWebSocketClient } = await import(${JSON.stringify(file)});
      const client = new AdwWebSocketClient({ url: "${url}", since: 0 });
      for await (const { message } of client) {
        console.log(message);
        break;
      }`,
    ]);

  test.each([
    ["the runtime's own, or that of ws where it has none", false],
    ["that of ws where the runtime has none, as on Node 20", true],
  ])("takes %s", async (_title, removesWebSocket) => {
    const server = await startServer({ port: 0 });
    cleanups.push(() => stopServer(server));
    await broadcastAgentEvent(server.manager, "agent-1", "event", "hello");
    const file = renderedPath("adw_modules/adw_websocket_client.ts");
    const program = follow(server.url, removesWebSocket, file);
    expect(await program.exited).toEqual({ code: 0, signal: null });
    expect(program.stdout()).toBe("hello\n");
  });

  test("says what to do where there is neither", async () => {
    const folder = mkdtempSync(join(tmpdir(), "adw-client-"));
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    // Away from the node_modules that hold `ws`.
    cpSync(renderedPath("adw_modules"), folder, { recursive: true });
    const file = join(folder, "adw_websocket_client.ts");
    const program = follow("ws://127.0.0.1:9", true, file);
    expect(await program.exited).toEqual({ code: 1, signal: null });
    expect(program.stderr()).toContain(
      "This runtime has no WebSocket (Node 20?): npm install ws, or pass a constructor as the option WebSocket.",
    );
  });
});
