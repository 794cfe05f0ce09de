/**
 * Counts the messages in a stream of WebSocket frames without looking at their
 * payload: all that the client side does per event, so that it keeps up with the
 * server it measures.
 */
export class FrameReader {
  /** Complete messages so far. */
  frames = 0;
  #payloadLeft = 0;
  #header = [];

  /** @param length - bytes of the chunk that count */
  push(chunk, length) {
    let offset = 0;
    while (offset < length) {
      if (this.#payloadLeft === 0) {
        offset = this.#readHeader(chunk, offset, length);
        if (this.#payloadLeft === 0) return;
      }
      const step = Math.min(this.#payloadLeft, length - offset);
      this.#payloadLeft -= step;
      offset += step;
      if (this.#payloadLeft === 0) this.frames += 1;
    }
  }

  /** Sets #payloadLeft once the header is complete; returns the next offset. */
  #readHeader(chunk, start, length) {
    // The whole header of an event is usually here.
    if (
      this.#header.length === 0 &&
      length - start >= 4 &&
      chunk[start + 1] === 126
    ) {
      this.#payloadLeft = (chunk[start + 2] << 8) | chunk[start + 3];
      return start + 4;
    }
    let offset = start;
    while (offset < length) {
      this.#header.push(chunk[offset]);
      offset += 1;
      const payload = payloadLength(this.#header);
      if (payload === undefined) continue;
      this.#header = [];
      this.#payloadLeft = payload;
      return offset;
    }
    return offset;
  }
}

/** RFC 6455 §5.2; undefined while the header is incomplete. */
function payloadLength([, second, high, low]) {
  if (second === undefined) return undefined;
  if (second < 126) return second;
  if (second === 127) throw new RangeError("a frame of 64 KiB or more");
  return low === undefined ? undefined : (high << 8) | low;
}

/** The text of every frame in the bytes. */
export function readTexts(bytes) {
  const texts = [];
  let offset = 0;
  while (offset < bytes.length) {
    const header = bytes[offset + 1] === 126 ? 4 : 2;
    const length = payloadLength(bytes.subarray(offset, offset + 4));
    texts.push(
      bytes.toString("utf8", offset + header, offset + header + length),
    );
    offset += header + length;
  }
  return texts;
}
