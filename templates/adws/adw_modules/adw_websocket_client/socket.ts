/**
 * Socket: what is used of a WebSocket, and where one is found.
 *
 * Template: adw_websocket_client 1.2.0
 */
import { isRecord } from "../adw_events.ts";

interface SocketEvent {
  type: string;
  data?: unknown;
  code?: number;
  reason?: string;
  message?: string;
}

/** What the client uses of a WebSocket: the browser's, Node's and `ws` all fit. */
export interface WebSocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  /** Only `ws` has it. */
  terminate?(): void;
  addEventListener(
    type: "open" | "message" | "error" | "close",
    listener: (event: SocketEvent) => void,
  ): void;
}

export type WebSocketConstructor = new (
  url: string,
  protocols: string[],
) => WebSocketLike;

function isConstructor(value: unknown): value is WebSocketConstructor {
  return typeof value === "function";
}

/** The runtime's own; on Node 20, which has none, that of the package `ws`. */
export function findWebSocket(): WebSocketConstructor {
  const candidate: unknown = Reflect.get(globalThis, "WebSocket");
  const found = isConstructor(candidate) ? candidate : requireWs();
  if (found !== undefined) return found;
  throw new TypeError(
    "This runtime has no WebSocket (Node 20?): npm install ws, or pass a constructor as the option WebSocket.",
  );
}

/** What is used of Node's `process`; this file also has to compile without its types. */
interface NodeProcess {
  getBuiltinModule(name: "node:module"): {
    createRequire(from: string): (name: string) => unknown;
  };
}

function isNodeProcess(value: unknown): value is NodeProcess {
  return isRecord(value) && typeof value["getBuiltinModule"] === "function";
}

/** Not an import: a browser, and a bundler for one, must not see it. */
function requireWs(): WebSocketConstructor | undefined {
  const runtime: unknown = Reflect.get(globalThis, "process");
  if (!isNodeProcess(runtime)) return undefined;
  const nodeModule = runtime.getBuiltinModule("node:module");
  try {
    const candidate = nodeModule.createRequire(import.meta.url)("ws");
    return isConstructor(candidate) ? candidate : undefined;
  } catch {
    return undefined; // not installed
  }
}
