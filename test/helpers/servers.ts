/** Servers and clients that are stopped after each test, whatever happened. */
import { EventClient } from "./event-client.ts";
import type { ClientOptions } from "./event-client.ts";
import { RawClient } from "./raw-client.ts";
import type { UpgradeOptions } from "./raw-client.ts";
import { startServer, stopServer } from "./websockets-module.ts";
import type { AdwServer, ServerOptions } from "./websockets-module.ts";

const cleanups: Array<() => unknown> = [];

afterEach(async () => {
  while (cleanups.length > 0) await cleanups.pop()?.();
  jest.restoreAllMocks();
});

/** Runs after the test, the last registered first. */
export function onCleanup(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}

/** A server on any free port of 127.0.0.1. */
export async function start(options: ServerOptions = {}): Promise<AdwServer> {
  const server = await startServer(
    options.server === undefined ? { port: 0, ...options } : options,
  );
  onCleanup(() => stopServer(server));
  return server;
}

/** A client that has been greeted; the greeting is `client.greeting`. */
export async function connect(
  server: { url: string },
  options: ClientOptions = {},
): Promise<EventClient> {
  const client = new EventClient(server.url, options);
  onCleanup(() => client.destroy());
  await client.established();
  return client;
}

/** A WebSocket spoken by hand, for whatever a library would not do. */
export async function connectRaw(
  server: { port: number },
  options: UpgradeOptions = {},
): Promise<RawClient> {
  const client = new RawClient(server.port);
  onCleanup(() => client.socket.destroy());
  await client.upgrade(options);
  return client;
}

/** The HTTP status that an upgrade request is answered with. */
export async function upgradeStatus(
  server: { port: number },
  options: UpgradeOptions = {},
): Promise<number> {
  const client = new RawClient(server.port);
  const status = await client.upgrade(options);
  client.socket.destroy();
  return status;
}

/** Lines written to stderr from here to the end of the test. */
export function captureStderr(): string[] {
  const lines: string[] = [];
  jest.spyOn(process.stderr, "write").mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  return lines;
}

/** Resolves when the condition holds; for states that have no event. */
export async function eventually(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("never became true");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** One turn of the event loop: what is pending has been written after it. */
export function nextTick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
