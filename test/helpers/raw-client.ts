/** A WebSocket client made of a bare socket: it does what it is told, no more. */
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";

export interface UpgradeOptions {
  target?: string;
  /** Replaces the usual headers by name; null leaves one out. */
  headers?: Record<string, string | null>;
}

export interface Frame {
  opcode: number;
  payload: Buffer;
}

export const TEXT = 1;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** A client frame (RFC 6455 §5.2), masked with zeros. */
export function clientFrame(
  opcode: number,
  payload: Buffer | string,
  masked = true,
): Buffer {
  const body = typeof payload === "string" ? Buffer.from(payload) : payload;
  const length =
    body.length < 126
      ? Buffer.from([body.length])
      : Buffer.from([126, body.length >> 8, body.length & 0xff]);
  if (masked) length.writeUInt8((length[0] ?? 0) | 0x80, 0);
  const mask = masked ? Buffer.alloc(4) : Buffer.alloc(0);
  return Buffer.concat([Buffer.from([0x80 | opcode]), length, mask, body]);
}

export class RawClient {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  /** seq of every event so far. */
  readonly seqs: number[] = [];
  readonly closed: Promise<unknown>;
  /** The whole answer to the upgrade request. */
  head = "";
  private buffered: Buffer = Buffer.alloc(0);
  private readonly changed: Array<() => void> = [];

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1" });
    this.socket.on("error", () => {}); // "close" follows
    this.closed = once(this.socket, "close").then(() => this.wake());
    this.socket.on("data", (chunk: Buffer) => {
      this.buffered = Buffer.concat([this.buffered, chunk]);
      this.parse();
      this.wake();
    });
  }

  /** Sends an upgrade request; resolves to the status of its answer, 0 when
   * the connection was closed without one. */
  async upgrade(options: UpgradeOptions = {}): Promise<number> {
    const headers: Record<string, string | null> = {
      Host: "127.0.0.1",
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...options.headers,
    };
    const lines = Object.entries(headers)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}: ${value}\r\n`);
    this.socket.write(`GET ${options.target ?? "/"} HTTP/1.1\r\n`);
    this.socket.write(`${lines.join("")}\r\n`);
    await this.until(() => this.head !== "");
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(this.head)?.[1] ?? 0);
  }

  /** Resolves once the condition holds, or the socket is closed. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.socket.destroyed) {
      await new Promise<void>((resolve) => this.changed.push(resolve));
    }
  }

  of(opcode: number): Frame[] {
    return this.frames.filter((frame) => frame.opcode === opcode);
  }

  /** Code and reason of the close frame, once it is here. */
  async closeFrame(): Promise<{ code: number; reason: string } | null> {
    await this.until(() => this.of(CLOSE).length > 0);
    const payload = this.of(CLOSE)[0]?.payload;
    return payload === undefined
      ? null
      : { code: payload.readUInt16BE(0), reason: String(payload.subarray(2)) };
  }

  private wake(): void {
    for (const wake of this.changed.splice(0)) wake();
  }

  private noteSeq(frame: Frame): void {
    const { seq } = JSON.parse(String(frame.payload));
    if (typeof seq === "number") this.seqs.push(seq);
  }

  private parse(): void {
    if (this.head === "") {
      const end = this.buffered.indexOf("\r\n\r\n");
      if (end === -1) return;
      this.head = String(this.buffered.subarray(0, end));
      this.buffered = this.buffered.subarray(end + 4);
    }
    if (!this.head.startsWith("HTTP/1.1 101")) return;
    for (;;) {
      const frame = readFrame(this.buffered);
      if (frame === null) return;
      this.buffered = this.buffered.subarray(frame.end);
      this.frames.push(frame);
      if (frame.opcode === TEXT) this.noteSeq(frame);
    }
  }
}

function readFrame(
  data: Buffer,
): { opcode: number; payload: Buffer; end: number } | null {
  if (data.length < 2) return null;
  let length = data.readUInt8(1);
  let start = 2;
  if (length === 126) {
    if (data.length < 4) return null;
    length = data.readUInt16BE(2);
    start = 4;
  } else if (length === 127) {
    if (data.length < 10) return null;
    length = Number(data.readBigUInt64BE(2));
    start = 10;
  }
  const end = start + length;
  if (data.length < end) return null;
  const opcode = data.readUInt8(0) & 0x0f;
  return { opcode, payload: data.subarray(start, end), end };
}
