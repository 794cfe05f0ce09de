/**
 * Socket: finds a WebSocket, and makes an address for it.
 *
 * Template: adw_websocket_client 1.2.0
 */
import { isRecord, TOKEN_PROTOCOL } from "../adw_events.ts";

/** Offered beside the token's own subprotocol. */
const SUBPROTOCOL = "adw.v1";

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

/** Separates what goes into the URL from what goes into the subprotocol header. */
export function parseAddress(options: {
  url: string | URL;
  token?: string | undefined;
  tokenIn?: "subprotocol" | "query";
}): { url: URL; protocols: string[] } {
  const url = new URL(options.url);
  url.protocol = url.protocol.replace(/^http/, "ws");
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw new TypeError(
      `The URL must start with ws:, wss:, http: or https:, not with ${url.protocol}`,
    );
  }
  const fragment = new URLSearchParams(url.hash.slice(1));
  const token = options.token ?? fragment.get("token") ?? "";
  url.hash = "";
  if (token === "") return { url, protocols: [] };
  if (options.tokenIn === "query") {
    url.searchParams.set("token", token);
    return { url, protocols: [] };
  }
  // A subprotocol is an RFC 9110 §5.6.2 token; WebSocket throws on anything else.
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(token)) {
    throw new TypeError(
      'The token holds characters that a subprotocol may not have: pass tokenIn: "query", or use a token of letters, digits, "-" and "_".',
    );
  }
  // The server picks the first, so that the token is not repeated in its answer.
  return { url, protocols: [SUBPROTOCOL, TOKEN_PROTOCOL + token] };
}
