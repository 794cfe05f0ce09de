/**
 * Frames: events as immutable WebSocket text frames (RFC 6455 §5.2). A server
 * never masks (§5.1), so that all clients can share the same bytes.
 *
 * Template: adw_websockets 1.3.0
 */
import type { FilteredFields } from "../adw_events.ts";
import { filteredFields } from "./events.ts";
import type { SerializedEvent } from "./events.ts";

/** An event ready for the wire, with the fields that filters look at. */
export interface EncodedEvent extends FilteredFields {
  readonly seq: number;
  readonly frame: Buffer;
}

/** An event that one client gets from the history is framed with its page. */
export type PageEvent = EncodedEvent | SerializedEvent;

export function encodeEvent(event: SerializedEvent): EncodedEvent {
  const frame = frameText(event.json);
  return { seq: event.seq, ...filteredFields(event), frame };
}

/** One unfragmented frame, as a buffer of its own. */
export function frameText(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(frameBytes(length));
  writeFrame(frame, 0, text, length);
  return frame;
}

export function joinFrames(events: readonly EncodedEvent[]): Buffer {
  const [first] = events;
  return first !== undefined && events.length === 1
    ? first.frame // the common case: nothing is copied
    : Buffer.concat(events.map(({ frame }) => frame));
}

/** As much of a page as fits into a budget, as frames in one buffer. */
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
  const parts: { event: PageEvent; length: number }[] = [];
  let bytes = 0;
  let seen = 0;
  for (const event of page) {
    if (wants(event)) {
      const isFramed = "frame" in event;
      const length = isFramed ? 0 : Buffer.byteLength(event.json);
      const size = isFramed ? event.frame.length : frameBytes(length);
      if (bytes > 0 && bytes + size > budget) break;
      bytes += size;
      parts.push({ event, length });
    }
    seen += 1;
  }
  const buffer = Buffer.allocUnsafe(bytes);
  let end = 0;
  for (const { event, length } of parts) {
    end =
      "frame" in event
        ? end + event.frame.copy(buffer, end)
        : writeFrame(buffer, end, event.json, length);
  }
  return { buffer, count: parts.length, seen };
}

/** Header and payload. */
function frameBytes(length: number): number {
  return length + (length < 126 ? 2 : length < 65_536 ? 4 : 10);
}

/** Writes a frame into `buffer` at `start`, and returns where it ends. */
function writeFrame(
  buffer: Buffer,
  start: number,
  text: string,
  length: number,
): number {
  const end = start + frameBytes(length);
  buffer[start] = 0x81; // FIN, opcode 1: text
  if (length < 126) {
    buffer[start + 1] = length;
  } else if (length < 65_536) {
    buffer[start + 1] = 126;
    buffer.writeUInt16BE(length, start + 2);
  } else {
    buffer[start + 1] = 127;
    buffer.writeUInt16BE(0, start + 2);
    buffer.writeUIntBE(length, start + 4, 6); // 48 bits are more than memory holds
  }
  // A byte a character: all of it is ASCII, which is copied faster as latin1.
  const encoding = length === text.length ? "latin1" : "utf8";
  buffer.write(text, end - length, length, encoding);
  return end;
}
