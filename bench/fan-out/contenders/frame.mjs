import { nextEvent } from "../event.mjs";

/** The next event as the WebSocket frame that the rendered server sends. */
export function nextFrame() {
  const text = JSON.stringify(nextEvent());
  const length = Buffer.byteLength(text);
  if (length < 126 || length > 65_535) {
    throw new RangeError(`the event has ${length} bytes: another header`);
  }
  const frame = Buffer.allocUnsafe(4 + length);
  frame[0] = 0x81;
  frame[1] = 126;
  frame.writeUInt16BE(length, 2);
  frame.write(text, 4);
  return frame;
}
