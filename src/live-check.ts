/**
 * Tries a project's own copy of the WebSocket server, edits included. Runs in a
 * process of its own, by the project's TypeScript runner, with the project's
 * `ws`; prints one JSON line per step.
 *
 *   node live-check.js <path of adw_websockets.ts>
 */
import { once } from "node:events";
import { createRequire } from "node:module";
import { createConnection } from "node:net";
import { pathToFileURL } from "node:url";
import type { WebSocket as Client, ClientOptions } from "ws";

interface Server {
  port: number;
  streamId: string;
  manager: unknown;
}

interface ServerModule {
  startServer: (options: object) => Promise<Server>;
  stopServer: (server: Server) => Promise<void>;
  broadcastAgentEvent: (
    manager: unknown,
    ...event: unknown[]
  ) => Promise<unknown>;
}

type Message = Record<string, unknown>;

const LIMIT_MS = 5000;
const TOKEN = "live-check";
const [, , modulePath = ""] = process.argv;
const { WebSocket } = createRequire(modulePath)("ws");

function report(step: string, ok: boolean, detail = ""): void {
  process.stdout.write(`${JSON.stringify({ step, ok, detail })}\n`);
}

/** A client that keeps its messages until they are asked for. */
class Peer {
  readonly socket: Client;
  private readonly messages: Message[] = [];

  constructor(port: number, query: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/${query}`, options);
    this.socket.on("message", (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString("utf8")));
      this.socket.emit("kept");
    });
    this.socket.on("error", () => undefined);
  }

  /** The next message, in order. */
  async next(): Promise<Message> {
    while (this.messages.length === 0) {
      await once(this.socket, "kept", {
        signal: AbortSignal.timeout(LIMIT_MS),
      });
    }
    return this.messages.shift() ?? {};
  }

  /** HTTP status that the upgrade was refused with. */
  async refusal(): Promise<number> {
    const signal = AbortSignal.timeout(LIMIT_MS);
    try {
      const [, response] = await Promise.race([
        once(this.socket, "unexpected-response", { signal }),
        once(this.socket, "open", { signal }).then(() => {
          throw new Error("it was let in");
        }),
      ]);
      response.destroy();
      return response.statusCode;
    } finally {
      this.socket.terminate();
    }
  }

  async closeCode(): Promise<number> {
    const [code] = await once(this.socket, "close", {
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    return Number(code);
  }
}

async function attempt(
  step: string,
  action: () => Promise<string>,
): Promise<void> {
  try {
    report(step, true, await action());
  } catch (error) {
    report(step, false, error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

function expect(actual: unknown, wanted: unknown, what: string): void {
  if (actual !== wanted) {
    throw new Error(
      `${what}: expected ${String(wanted)}, got ${String(actual)}`,
    );
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", () => {
      resolve(true);
    });
  });
}

async function main(): Promise<void> {
  const adw: ServerModule = await import(pathToFileURL(modulePath).href);
  const server = await adw.startServer({
    port: 0,
    host: "127.0.0.1",
    token: TOKEN,
  });
  report("starts on a free port", true, `port ${server.port}`);
  const emit = (message: string) =>
    adw.broadcastAgentEvent(
      server.manager,
      "live-check",
      "step_start",
      message,
      {},
    );
  const first = new Peer(server.port, `?token=${TOKEN}`);
  await attempt("greets a client", async () => {
    const hello = await first.next();
    expect(hello["type"], "connection_established", "first message");
    return `stream ${String(hello["stream_id"])}`;
  });
  await attempt("delivers a broadcast", async () => {
    await emit("one");
    const event = await first.next();
    expect(event["message"], "one", "message");
    return `seq ${String(event["seq"])}`;
  });
  await attempt("refuses a wrong token", async () => {
    const status = await new Peer(server.port, "?token=wrong").refusal();
    expect(status, 401, "HTTP status");
    return "401";
  });
  await attempt("refuses a foreign Origin", async () => {
    const status = await new Peer(server.port, `?token=${TOKEN}`, {
      origin: "https://foreign.example",
    }).refusal();
    expect(status, 403, "HTTP status");
    return "403";
  });
  await attempt("resumes without a gap", async () => {
    await emit("two");
    const again = new Peer(
      server.port,
      `?token=${TOKEN}&since=1&stream_id=${server.streamId}`,
    );
    expect(
      (await again.next())["type"],
      "connection_established",
      "first message",
    );
    expect((await again.next())["message"], "two", "message");
    again.socket.terminate();
    return "replayed what was missed";
  });
  await attempt("stops, and frees the port", async () => {
    const closed = first.closeCode();
    await adw.stopServer(server);
    expect(await closed, 1001, "close code");
    expect(await isFree(server.port), true, "port is free");
    return "1001";
  });
}

main().catch((error: unknown) => {
  report(
    "runs at all",
    false,
    error instanceof Error ? error.message : String(error),
  );
  process.exit(1);
});
