/**
 * Frames: an event becomes one immutable WebSocket frame (RFC 6455 §5.2).
 *
 * Template: adw_websockets 1.2.0
 */
import type { FilteredFields } from "../adw_events.ts";
import type { SerializedEvent } from "./events.ts";

/** An event ready for the wire, with the fields that filters look at. */
export interface EncodedEvent extends FilteredFields {
  readonly seq: number;
  readonly frame: Buffer;
}

/** An event of a page of the history: one client gets it, so it is framed with its page. */
export type PageEvent = EncodedEvent | SerializedEvent;

/** Of a frame around so many bytes (RFC 6455 §5.2). */
function headerBytes(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

/**
 * One unmasked, unfragmented text frame (RFC 6455 §5.2), as a buffer of its own.
 * Server frames are never masked (§5.1), so all clients can share the same bytes.
 */
export function frameText(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(headerBytes(length) + length);
  writeFrame(frame, 0, text, length);
  return frame;
}

/** Writes such a frame into `buffer` at `start`, and returns where it ends. */
function writeFrame(
  buffer: Buffer,
  start: number,
  text: string,
  length: number,
): number {
  const header = headerBytes(length);
  const from = start + header;
  buffer[start] = 0x81; // FIN, opcode 1: text
  if (header === 2) {
    buffer[start + 1] = length;
  } else if (header === 4) {
    buffer[start + 1] = 126;
    buffer.writeUInt16BE(length, start + 2);
  } else {
    buffer[start + 1] = 127;
    buffer.writeUInt16BE(0, start + 2);
    buffer.writeUIntBE(length, start + 4, 6); // 48 bits are more than memory holds
  }
  // A byte a character: all of it is ASCII, which is copied faster as latin1.
  buffer.write(text, from, length, length === text.length ? "latin1" : "utf8");
  return from + length;
}

export function encodeEvent(event: SerializedEvent): EncodedEvent {
  const { seq, event_type, agent_id, log_level, session_id, json } = event;
  return {
    seq,
    event_type,
    agent_id,
    log_level,
    session_id: session_id ?? null,
    frame: frameText(json),
  };
}

/** As much of a page as fits into `budget` bytes, as frames in one buffer. */
export interface FramedPage {
  readonly buffer: Buffer;
  /** Events in the buffer. */
  readonly count: number;
  /** Events of the page that were looked at, wanted or not: the first so many. */
  readonly seen: number;
}

/** A replay makes no buffer of its own per event. At least one event always fits. */
export function framePage(
  page: readonly PageEvent[],
  wants: (event: PageEvent) => boolean,
  budget: number,
): FramedPage {
  const events: PageEvent[] = [];
  const lengths: number[] = [];
  let bytes = 0;
  let seen = 0;
  for (const event of page) {
    if (wants(event)) {
      const isFramed = "frame" in event;
      const length = isFramed
        ? event.frame.length
        : Buffer.byteLength(event.json);
      const size = isFramed ? length : headerBytes(length) + length;
      if (bytes > 0 && bytes + size > budget) break;
      bytes += size;
      lengths.push(length);
      events.push(event);
    }
    seen += 1;
  }
  const buffer = Buffer.allocUnsafe(bytes);
  let end = 0;
  for (const [index, event] of events.entries()) {
    end =
      "frame" in event
        ? end + event.frame.copy(buffer, end)
        : writeFrame(buffer, end, event.json, lengths[index] ?? 0);
  }
  return { buffer, count: events.length, seen };
}

export function joinFrames(events: readonly EncodedEvent[]): Buffer {
  const [first] = events;
  return first !== undefined && events.length === 1
    ? first.frame // the common case: nothing is copied
    : Buffer.concat(events.map((event) => event.frame));
}
