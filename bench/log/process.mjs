/**
 * What the benchmark runs beside itself: a writer, a server, a bare reader, a
 * client. Each message is a task, and is answered with its result.
 */
import { connect } from "node:net";
import { FrameReader } from "../fan-out/frame-reader.mjs";
import { DETAILS } from "./rows.mjs";

const PAGE_EVENTS = 256;

const TASKS = {
  /** Logs a row every few milliseconds, stamped with the time of the call. */
  async writer(modules, { path, agentId, rows, pauseMs }) {
    modules.initLogging({ path });
    for (let row = 0; row < rows; row += 1) {
      modules.logAgentEvent(agentId, "tool_call", "Read", {
        ...DETAILS,
        sent_at: performance.timeOrigin + performance.now(),
      });
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    await modules.closeLogging();
    return {};
  },

  /** Reads the whole stream in the server's pages, and sends nothing. */
  reader(modules, { path }) {
    const database = modules.openDatabase({ path });
    const start = performance.now();
    let since = 0;
    let events = 0;
    for (;;) {
      const page = database.events.read(since, PAGE_EVENTS);
      if (page.length === 0) break;
      events += page.length;
      since = page.at(-1).seq;
    }
    const ms = performance.now() - start;
    database.close();
    return { events, ms };
  },

  /** Serves the stream from now on. */
  async server(modules, { path }) {
    const database = modules.openDatabase({ path });
    const server = await modules.startServer({
      port: 0,
      history: database.events,
    });
    return { port: server.port };
  },

  /** Bytes held now, and milliseconds of CPU time used so far. */
  usage() {
    global.gc?.();
    const { user, system } = process.cpuUsage();
    return { rss: process.memoryUsage().rss, cpuMs: (user + system) / 1000 };
  },

  /** Takes so many events over a bare socket, from the start of the stream. */
  client(_, { port, events }) {
    return new Promise((resolve) => {
      const reader = new FrameReader();
      const start = performance.now();
      let head = "";
      const socket = connect(port, "127.0.0.1", () => {
        socket.write(
          "GET /?since=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n" +
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        );
      });
      socket.on("data", (chunk) => {
        let frames = chunk;
        if (head !== undefined) {
          head += chunk.toString("latin1");
          const end = head.indexOf("\r\n\r\n");
          if (end < 0) return;
          frames = Buffer.from(head.slice(end + 4), "latin1");
          head = undefined;
        }
        reader.push(frames, frames.length);
        // One more frame than events: the greeting.
        if (reader.frames <= events) return;
        socket.destroy();
        resolve({ events, ms: performance.now() - start });
      });
    });
  },
};

async function perform({ task, url, ...facts }) {
  const modules = url === undefined ? undefined : await import(url);
  process.send(await TASKS[task](modules, facts));
}

process.on("message", (message) => {
  perform(message).catch((error) => {
    console.error(error);
    process.exit(1);
  });
});
process.on("disconnect", () => process.exit());
