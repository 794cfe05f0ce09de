/** Tries a running server as clients do: connect, event, resume, page, stop. */
import { createConnection } from "node:net";
import { Peer, type ClientClass } from "./peer.ts";
import { attempt, expect, limit } from "./report.ts";

/** A server to try. */
export interface Target {
  port: number;
  token: string;
  /** Makes one event with this message. */
  emit: (message: string) => Promise<unknown>;
  /** Set when the server has a page. */
  hasPage: boolean;
  stop: () => Promise<void>;
}

export async function tryServer(
  { port, token, emit, hasPage, stop }: Target,
  WebSocket: ClientClass,
): Promise<void> {
  const connect = (query: string, options = {}) =>
    new Peer(WebSocket, port, query, options);
  const first = connect(`?token=${token}`);
  let streamId = "";
  await attempt("greets a client", async () => {
    const hello = await first.next();
    expect(hello["type"], "connection_established", "first message");
    streamId = String(hello["stream_id"]);
    return `stream ${streamId}`;
  });
  let seq = 0;
  await attempt("delivers a broadcast", async () => {
    await emit("one");
    const event = await first.next();
    expect(event["message"], "one", "message");
    seq = Number(event["seq"]);
    return `seq ${seq}`;
  });
  await attempt("refuses a wrong token", async () => {
    expect(await connect("?token=wrong").refusal(), 401, "HTTP status");
    return "401";
  });
  await attempt("refuses a foreign Origin", async () => {
    const origin = "https://foreign.example";
    const status = await connect(`?token=${token}`, { origin }).refusal();
    expect(status, 403, "HTTP status");
    return "403";
  });
  await attempt("resumes without a gap", async () => {
    await emit("two");
    const again = connect(`?token=${token}&since=${seq}&stream_id=${streamId}`);
    const hello = await again.next();
    expect(hello["type"], "connection_established", "first message");
    expect((await again.next())["message"], "two", "message");
    again.socket.terminate();
    return "replayed what was missed";
  });
  if (hasPage) {
    await attempt("serves the page", async () => {
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        signal: limit(),
      });
      const type = response.headers.get("content-type") ?? "";
      const text = await response.text();
      expect(response.status, 200, "HTTP status");
      expect(type.startsWith("text/html"), true, "is HTML");
      return `${text.length} characters`;
    });
  }
  await attempt("stops, and frees the port", async () => {
    const closed = first.closeCode();
    await stop();
    expect(await closed, 1001, "close code");
    expect(await isFree(port), true, "port is free");
    return "1001";
  });
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
