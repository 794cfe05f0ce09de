/**
 * Reads stored events over HTTP, as one stream of JSON lines that is parsed
 * while it arrives: a hundred thousand events come in one request, and the
 * first of them are there after the first few milliseconds.
 */

/** Without a byte for so long, a request is given up. */
const SILENCE_MS = 20_000;
/** Text is parsed in pieces of this size: large for speed, small for the eye. */
const BATCH_CHARS = 256 * 1024;
export interface EventsRequest {
  /** the page's own URL, ending in a slash */
  baseUrl: string;
  /** "" when none is needed */
  token: string;
  /** events after this seq */
  since: number;
  /** at most so many, the newest */
  newest: number;
}

export interface StoredEvents {
  streamId: string;
  /** oldest event stored */
  firstSeq: number;
  /** newest event stored */
  lastSeq: number;
  /** ms since the epoch, NaN when it is not said */
  serverTime: number;
  batches: Batches;
}

export interface Batches {
  /** null at the end */
  next: () => Promise<unknown[] | null>;
  cancel: () => void;
}

/** A reason to stop and wait, told by the server. */
export class Refusal extends Error {
  readonly kind: "token" | "origin" | "full";

  constructor(kind: Refusal["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

export async function readEvents(
  request: EventsRequest,
): Promise<StoredEvents> {
  const guard = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => guard.abort(), SILENCE_MS);
  };
  const ended = () => clearTimeout(timer);
  heard();
  try {
    const response = await ask(request, guard.signal);
    const { body } = response;
    if (body === null) throw new Error("The server answered without events.");
    return { ...headOf(response), batches: readLines(body, heard, ended) };
  } catch (error) {
    ended();
    throw error;
  }
}

async function ask(
  { baseUrl, token, since, newest }: EventsRequest,
  signal: AbortSignal,
) {
  // No server has such a token, and some of it not even fetch could send.
  if (!/^[\w.~-]*$/.test(token)) {
    throw new Refusal("token", "The server does not accept this token.");
  }
  const url = new URL("api/events", baseUrl);
  url.searchParams.set("format", "ndjson");
  url.searchParams.set("since", String(since));
  url.searchParams.set("newest", String(newest));
  const response = await fetch(url, {
    headers: token === "" ? {} : { Authorization: `Bearer ${token}` },
    cache: "no-store",
    signal,
  });
  if (response.ok) return response;
  void response.body?.cancel();
  if (response.status === 401) {
    throw new Refusal(
      "token",
      token === ""
        ? "This server asks for a token, and the address held none."
        : "The server does not accept this token.",
    );
  }
  if (response.status === 403) {
    throw new Refusal(
      "origin",
      "The server does not accept this address. Open the page under the host it prints at start, or add yours to allowed_origins.",
    );
  }
  throw new Error(`The server answered ${response.status}.`);
}

function headOf({ headers }: Response) {
  return {
    streamId: headers.get("Adw-Stream-Id") ?? "",
    firstSeq: Number(headers.get("Adw-First-Seq")),
    lastSeq: Number(headers.get("Adw-Last-Seq")),
    serverTime: Date.parse(headers.get("Date") ?? ""),
  };
}

/**
 * JSON lines, in batches. Reads ahead of whoever takes them, and does not lose
 * what came before a failure, as a ReadableStream would: `next` gives that
 * first, and then throws.
 *
 * @param heard called with each piece that arrives
 */
export function readLines(
  body: ReadableStream<Uint8Array>,
  heard: () => void = () => {},
  ended: () => void = () => {},
): Batches {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const ready: unknown[][] = [];
  const end = { isReached: false };
  let failure: unknown = null;
  let wake = () => {};

  let text = "";
  /** Takes over the lines in so many characters. */
  const parse = (length: number) => {
    if (length === 0) return;
    ready.push(parseLines(text.slice(0, length).trimEnd()));
    text = text.slice(length);
    wake();
  };
  const pump = async () => {
    // The first lines at once, then more at a time.
    for (let wanted = 0; ; wanted = BATCH_CHARS) {
      do {
        const { done, value } = await reader.read();
        heard();
        text += decoder.decode(value, { stream: !done });
        if (done) return parse(text.length);
      } while (text.length < wanted);
      parse(text.lastIndexOf("\n") + 1);
    }
  };
  void pump()
    .catch((error) => {
      failure = error;
      parse(text.lastIndexOf("\n") + 1);
    })
    .finally(() => {
      end.isReached = true;
      ended();
      wake();
    });

  return {
    async next() {
      while (ready.length === 0 && !end.isReached) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const batch = ready.shift();
      if (batch !== undefined) return batch;
      if (failure !== null) throw failure;
      return null;
    },
    cancel() {
      void reader.cancel().catch(() => {});
    },
  };
}

/**
 * All lines in one go, which is several times as fast as one by one; a line
 * that is no JSON costs only itself.
 */
function parseLines(text: string): unknown[] {
  try {
    const values: unknown = JSON.parse(`[${text.replaceAll("\n", ",")}]`);
    return Array.isArray(values) ? values : [];
  } catch {
    return text.split("\n").flatMap((line) => {
      try {
        const value: unknown = JSON.parse(line);
        return [value];
      } catch {
        return [];
      }
    });
  }
}
