/** A connection that died without a word is noticed, by both clients and by a full server. */
import { once } from "node:events";
import { createServer, connect as netConnect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { WebSocket } from "ws";
import { startDashboard } from "../../helpers/dashboard/server.ts";
import { loadRendered } from "../../helpers/rendered-modules.ts";
import {
  connect,
  connectRaw,
  eventually,
  onCleanup,
  start,
} from "../../helpers/servers.ts";

const { AdwWebSocketClient } = loadRendered("adw_modules/adw_websocket_client");

/** In front of a server; once it sleeps, open WebSockets carry nothing and stay open. */
async function startSleeper(port: number) {
  const pairs: Array<[Socket, Socket]> = [];
  const all: Socket[] = [];
  const proxy = createServer((socket) => {
    const server = netConnect(port, "127.0.0.1");
    socket.once("data", (chunk) => {
      if (/^upgrade: websocket/im.test(String(chunk))) {
        pairs.push([socket, server]);
      }
    });
    all.push(socket, server);
    for (const end of [socket, server]) end.on("error", () => {});
    socket.pipe(server).pipe(socket);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onCleanup(() => {
    for (const end of all) end.destroy();
    proxy.close();
  });
  return {
    port: (proxy.address() as AddressInfo).port,
    sleep() {
      for (const [socket, server] of pairs) {
        socket.unpipe();
        server.unpipe();
      }
    },
  };
}

/** The wall clock goes back by an hour, as when a laptop corrects it. */
function setClockBack(): void {
  const now = Date.now.bind(Date);
  jest.spyOn(Date, "now").mockImplementation(() => now() - 3_600_000);
}

const intervals = { probeAfterMs: 150, replyTimeoutMs: 150 };

describe.each(["asleep", "asleep and its clock set back"])(
  "a connection that stays OPEN while the machine is %s",
  (what) => {
    const fallAsleep = (sleeper: { sleep(): void }) => {
      if (what !== "asleep") setClockBack();
      sleeper.sleep();
    };

    test("is replaced by the client for Node", async () => {
      const server = await start();
      const sleeper = await startSleeper(server.port);
      const messages: string[] = [];
      const client = new AdwWebSocketClient({
        WebSocket,
        url: `http://127.0.0.1:${sleeper.port}`,
        initialDelayMs: 1,
        ...intervals,
        replyTimeoutMs: 1_000,
        onEvent: (event) => messages.push(event.message),
      });
      onCleanup(() => client.close());
      await eventually(() => client.state.status === "live");
      fallAsleep(sleeper);
      server.manager.broadcast({ event_type: "event", message: "missed" });
      await eventually(() => messages.includes("missed"));
      expect(messages).toEqual(["missed"]);
    });

    test("is replaced by the page", async () => {
      const server = await startDashboard();
      onCleanup(() => server.stop());
      const sleeper = await startSleeper(server.port);
      const page = openPage(sleeper.port);
      await eventually(() => page.states.at(-1) === "live");
      fallAsleep(sleeper);
      server.server.manager.broadcast({ event_type: "event" });
      await eventually(() => page.seqs.includes(1));
      expect(page.states).toContain("reconnecting");
      expect(page.seqs).toEqual([1]);
    });
  },
);

// On: also as it looks after a sleep, in which performance.now() may stand still.
test.each([-3_600_000, 3_600_000])(
  "a page whose clock jumps by %p ms asks the server for the time anew",
  async (jump) => {
    const server = await startDashboard();
    onCleanup(() => server.stop());
    const page = openPage(server.port, "", { probeAfterMs: 30_000 });
    await eventually(() => page.states.at(-1) === "live");
    const known = page.times.length;
    const now = Date.now.bind(Date);
    jest.spyOn(Date, "now").mockImplementation(() => now() + jump);
    await eventually(() => page.times.length > known);
    expect(page.states.at(-1)).toBe("live");
    expect(Math.abs((page.times.at(-1) ?? 0) - now())).toBeLessThan(5_000);
  },
);

test("a page counts down to its next try by a clock that nobody sets", async () => {
  const server = await startDashboard();
  const page = openPage(server.port);
  await eventually(() => page.states.at(-1) === "live");
  await server.stop();
  await eventually(() => page.states.at(-1) === "reconnecting");
  const wait = page.retryAt() - performance.now();
  expect(wait).toBeGreaterThan(-1_000);
  expect(wait).toBeLessThan(8_000);
});

test("a page that nobody sends events to stays connected", async () => {
  const server = await startDashboard();
  onCleanup(() => server.stop());
  const page = openPage(server.port);
  await eventually(() => page.states.at(-1) === "live");
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(page.states.filter((state) => state === "live")).toHaveLength(1);
  expect(page.states.at(-1)).toBe("live");
});

test("the page offers a second subprotocol, so that its token is not repeated", async () => {
  const server = await startDashboard({ token: "s3cret" });
  onCleanup(() => server.stop());
  const page = openPage(server.port, "s3cret");
  await eventually(() => page.states.at(-1) === "live");
  expect(page.sockets.at(-1)?.protocol).toBe("adw.v1");
});

/** The page's connection, in a browser made of what it uses of one. */
function openPage(port: number, token = "", more: object = {}) {
  const baseUrl = `http://127.0.0.1:${port}/`;
  const sockets: WebSocket[] = [];
  class PageSocket extends WebSocket {
    constructor(url: string | URL, protocols?: string[]) {
      super(url, protocols);
      sockets.push(this);
      this.on("error", () => {}); // "close" follows
    }
  }
  const target = () => new EventTarget();
  const globals: Record<string, unknown> = {
    WebSocket: PageSocket,
    location: { hash: "", pathname: "/", search: "" },
    window: target(),
    document: Object.assign(target(), {
      baseURI: baseUrl,
      visibilityState: "visible",
      getElementById: () => null,
    }),
    sessionStorage: { getItem: () => token, setItem: () => {} },
  };
  const before = Object.keys(globals).map((name): [string, unknown] => [
    name,
    Reflect.get(globalThis, name),
  ]);
  for (const [name, value] of Object.entries(globals)) {
    Reflect.set(globalThis, name, value);
  }
  const states: string[] = [];
  let retryAt = 0;
  const times: number[] = [];
  const seqs: number[] = [];
  jest.resetModules();
  const {
    connect: connectPage,
  } = require("../../../dashboard/src/io/connection.ts");
  const connection = connectPage({
    baseUrl,
    token: () => token,
    lastSeq: () => seqs.at(-1) ?? 0,
    maxEvents: 1_000,
    onEvents: (events: Array<{ seq: number }>) => {
      seqs.push(...events.map(({ seq }) => seq));
    },
    onReset: () => {},
    onGap: () => {},
    onOlder: () => {},
    onClock: (time: number) => times.push(time),
    onStatus: (status: { state: string; retryAt: number }) => {
      states.push(status.state);
      ({ retryAt } = status);
    },
    ...intervals,
    replyTimeoutMs: 1_000,
    ...more,
  });
  onCleanup(async () => {
    connection.stop();
    const open = sockets.filter(
      (socket) => socket.readyState !== socket.CLOSED,
    );
    const closed = open.map(
      (socket) => new Promise((resolve) => socket.once("close", resolve)),
    );
    for (const socket of open) socket.terminate();
    await Promise.all(closed);
    for (const [name, value] of before) Reflect.set(globalThis, name, value);
  });
  return { states, times, seqs, sockets, retryAt: () => retryAt };
}

describe("a full server", () => {
  const options = {
    maxConnections: 2,
    pingIntervalMs: 50,
    pongTimeoutMs: 50,
    maxMissedPongs: 1_000,
  };

  test("gives the place of a client that missed a pong to a new one", async () => {
    const server = await start(options);
    const mute = await connectRaw(server);
    const good = await connect(server);
    await eventually(() =>
      [...server.manager.connections].some(({ strikes }) => strikes > 0),
    );
    const late = await connect(server);
    expect(late.greeting.type).toBe("connection_established");
    await mute.closed;
    expect(good.ws.readyState).toBe(good.ws.OPEN);
    expect(server.manager.stats()).toMatchObject({
      connections: 2,
      timeouts: 1,
    });
  });

  test("closes a new one with 1013 while all others answer", async () => {
    const server = await start({ ...options, pingIntervalMs: 30_000 });
    await connect(server);
    await connect(server);
    const late = await connectRaw(server);
    expect(await late.closeFrame()).toMatchObject({ code: 1013 });
    expect(server.manager.connections.size).toBe(2);
  });
});
