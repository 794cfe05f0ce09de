import {
  encodeEvent,
  framePage,
  frameText,
  joinFrames,
} from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/frames.ts";

/** The texts of unmasked text frames (RFC 6455 §5.2). */
function messagesIn(bytes: Buffer): string[] {
  const messages: string[] = [];
  for (let at = 0; at < bytes.length;) {
    expect(bytes[at]).toBe(0x81);
    const short = bytes[at + 1] ?? 0;
    const size = short === 127 ? 8 : short === 126 ? 2 : 0;
    const length =
      size === 8
        ? Number(bytes.readBigUInt64BE(at + 2))
        : size === 2
          ? bytes.readUInt16BE(at + 2)
          : short;
    const start = at + 2 + size;
    at = start + length;
    expect(at).toBeLessThanOrEqual(bytes.length);
    messages.push(bytes.toString("utf8", start, at));
  }
  return messages;
}

const event = (seq: number, size = 10, agent_id = "a") => ({
  seq,
  event_type: "event",
  agent_id,
  log_level: "info",
  json: JSON.stringify({ seq, text: "x".repeat(size) }),
});

test.each([0, 1, 125, 126, 65_535, 65_536, 70_000])(
  "a text of %d bytes is one frame",
  (length) => {
    const text = "x".repeat(length);
    expect(messagesIn(frameText(text))).toEqual([text]);
  },
);

test("a text that is not ASCII is measured in bytes", () => {
  const text = "é漢字👩‍🚀".repeat(20);
  expect(messagesIn(frameText(text))).toEqual([text]);
});

test("one frame alone is shared, not copied; several are joined in order", () => {
  const [first, second] = [encodeEvent(event(1)), encodeEvent(event(2))];
  expect(joinFrames([first])).toBe(first.frame);
  expect(messagesIn(joinFrames([first, second]))).toEqual([
    event(1).json,
    event(2).json,
  ]);
});

describe("a page", () => {
  const all = () => true;

  test("is one buffer of all its frames, framed already or not", () => {
    const page = [event(1), encodeEvent(event(2)), event(3)];
    const { buffer, count, seen } = framePage(page, all, 1_000);
    expect({ count, seen }).toEqual({ count: 3, seen: 3 });
    expect(messagesIn(buffer)).toEqual([1, 2, 3].map((seq) => event(seq).json));
  });

  test("ends before the event that would go over the budget", () => {
    const page = [1, 2, 3].map((seq) => event(seq, 100));
    const { buffer, seen } = framePage(page, all, 300);
    expect(seen).toBe(2);
    expect(buffer.length).toBeLessThanOrEqual(300);
  });

  test("has one event at least, however large", () => {
    expect(framePage([event(1, 5_000)], all, 10)).toMatchObject({ count: 1 });
  });

  test("passes over what is not wanted, without its bytes", () => {
    const page = [event(1, 9_000, "b"), event(2), event(3, 9_000, "b")];
    const wants = ({ agent_id }: { agent_id: string }) => agent_id === "a";
    const { buffer, count, seen } = framePage(page, wants, 100);
    expect({ count, seen }).toEqual({ count: 1, seen: 3 });
    expect(messagesIn(buffer)).toEqual([event(2).json]);
  });
});
