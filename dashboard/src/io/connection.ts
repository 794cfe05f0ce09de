/**
 * Keeps the page in step with the server: reads what is stored over HTTP, then
 * listens on the WebSocket from the very next event on, and does it again
 * after each interruption. No event is lost or doubled: every request names
 * the last seq that is known, and the store refuses what it has already.
 */
import type { AgentEvent } from "../core/types.ts";
import type { StoredEvents } from "./events_request.ts";
import { isRecord } from "../core/event_facts.ts";
import { asEvent, CLOCK_JUMP_MS } from "../core/event_store.ts";
import { takeEarlyAnswer } from "./early.ts";
import { readEvents, Refusal } from "./events_request.ts";

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 8_000;
/** A full server is not asked again sooner than this. */
const FULL_RETRY_MS = 5_000;
/** After this silence the server is asked for a sign of life. */
const PROBE_AFTER_MS = 30_000;
/** Time for the server's greeting, or for its answer to a probe. */
const REPLY_TIMEOUT_MS = 10_000;
/** A filter that takes everything, as there is none: the answer is what counts. */
const PROBE = JSON.stringify({ type: "subscribe", filter: {} });
/** Offered beside the token's own subprotocol, for the server to choose. */
const SUBPROTOCOL = "adw.v1";
/** Work in a row before others on the page's thread get a turn. */
const WORK_MS = 40;

export interface ConnectionStatus {
  state:
    "loading" | "live" | "reconnecting" | "resyncing" | "refused" | "offline";
  /** in words, "" when there is nothing to explain */
  reason: string;
  refusal: "" | "token" | "origin" | "full";
  /** as performance.now(), 0 when no retry is planned */
  retryAt: number;
}

export interface ConnectionOptions {
  /** the page's own URL, ending in a slash */
  baseUrl: string;
  /** "" when none is needed */
  token: () => string;
  /** the newest event known, 0 at first */
  lastSeq: () => number;
  /** only so many of the newest are read at first */
  maxEvents: number;
  /** `total` is how many the server holds, 0 for live events */
  onEvents: (events: AgentEvent[], total: number) => void;
  /** forget everything: a new stream */
  onReset: (reason: string) => void;
  /** pruned before they were read */
  onGap: (missing: number) => void;
  /** stored, but more than fit here */
  onOlder: (older: number) => void;
  /** the server's time now, in ms */
  onClock: (time: number) => void;
  onStatus: (status: ConnectionStatus) => void;
  /** silence after which the server is asked for a sign of life */
  probeAfterMs?: number;
  /** time for the greeting, or for the answer to that */
  replyTimeoutMs?: number;
}

/** Starts at once, and goes on until `stop()`. */
export function connect(options: ConnectionOptions) {
  const stop = new AbortController();
  const isStopped = () => stop.signal.aborted;
  let streamId = "";
  let failures = 0;
  let hasClock = false;
  let socket: WebSocket | null = null;
  let wake: () => void = (): void => {};

  const report = (
    state: ConnectionStatus["state"],
    details: Partial<ConnectionStatus> = {},
  ) => {
    if (isStopped()) return;
    options.onStatus({
      state,
      reason: "",
      refusal: "",
      retryAt: 0,
      ...details,
    });
  };

  /** @param ms Infinity: until woken */
  const sleep = (ms: number) =>
    new Promise((resolve) => {
      const timer = ms === Infinity ? undefined : setTimeout(() => wake(), ms);
      wake = () => {
        clearTimeout(timer);
        wake = () => {};
        resolve(undefined);
      };
    });

  const request = () => ({
    baseUrl: options.baseUrl,
    token: options.token(),
    since: options.lastSeq(),
    newest: options.maxEvents,
  });

  /** Takes over the stream that an answer belongs to. */
  const enterStream = (answer: StoredEvents) => {
    const known = options.lastSeq();
    const other = streamId !== "" && streamId !== answer.streamId;
    if (other || known > answer.lastSeq) {
      report("resyncing", { reason: "The server started a new stream." });
      options.onReset(
        other
          ? "The server has a new event stream; the earlier one is gone."
          : "The server's event stream was set back.",
      );
    } else if (known > 0 && answer.firstSeq > known + 1) {
      options.onGap(answer.firstSeq - known - 1);
    }
    streamId = answer.streamId;
  };

  /** Reads everything stored after what is known. */
  const catchUp = async () => {
    const wanted = request();
    const answer = await (takeEarlyAnswer(wanted) ?? readEvents(wanted));
    enterStream(answer);
    // To the second only: a socket's greeting says it exactly.
    const time = answer.serverTime;
    if (!hasClock && !Number.isNaN(time)) options.onClock(time);
    const known = options.lastSeq();
    if (known !== wanted.since) {
      // Of another stream than was asked about: it has to be read from its start.
      answer.batches.cancel();
      return catchUp();
    }
    const start = Math.max(known, answer.lastSeq - options.maxEvents, 0);
    const older = start - Math.max(known, answer.firstSeq - 1);
    if (older > 0) options.onOlder(older);
    const total = answer.lastSeq - Math.max(start, answer.firstSeq - 1);
    let workedSince = performance.now();
    for (;;) {
      const batch = await answer.batches.next();
      if (isStopped()) return answer.batches.cancel();
      if (batch === null) return;
      const events: AgentEvent[] = [];
      for (const item of batch) {
        const event = asEvent(item);
        if (event !== null) events.push(event);
      }
      options.onEvents(events, Math.max(total, 1));
      if (performance.now() - workedSince > WORK_MS) {
        await nextTurn();
        workedSince = performance.now();
      }
    }
  };

  /** Listens until the connection is lost; resolves with the reason. */
  const listen = () =>
    new Promise<Loss>((resolve) => {
      const current = openSocket(options, streamId);
      socket = current;
      let isWelcome = false;
      const lose = (code: number, reason: string) => {
        if (socket !== current) return;
        socket = null;
        watch.stop();
        // Of a dead connection the browser says so a minute later.
        current.close();
        resolve({ code, reason, isWelcome });
      };
      const watch = watchSocket(current, options, (why) => lose(1006, why));
      current.addEventListener("message", (message) => {
        if (socket !== current) return;
        watch.heard();
        const value = parse(message.data);
        const event = asEvent(value);
        if (event !== null) {
          options.onEvents([event], 0);
          return;
        }
        const note = isRecord(value) ? value : {};
        if (note["type"] === "connection_established") {
          const time = Date.parse(String(note["server_time"]));
          if (!Number.isNaN(time)) {
            hasClock = true;
            options.onClock(time);
          }
          failures = 0;
          isWelcome = true;
          report("live");
        } else if (note["type"] === "resync_required") {
          // Read over HTTP what this socket cannot replay.
          report("resyncing", { reason: "Reading the stream anew." });
          current.close();
        }
      });
      current.addEventListener("close", (event) =>
        lose(event.code, event.reason),
      );
    });

  const run = async () => {
    while (!isStopped()) {
      try {
        if (options.lastSeq() === 0) report("loading");
        await catchUp();
        if (isStopped()) return;
        const loss = await listen();
        if (loss.code === 1013) {
          throw new Refusal("full", loss.reason || "The server is full.");
        }
        throw new Error(explain(loss));
      } catch (error) {
        if (isStopped()) return;
        await pause(error);
      }
    }
  };

  /** Explains the interruption, and waits as long as it asks for. */
  const pause = async (error: unknown) => {
    if (error instanceof Refusal) {
      const retry = error.kind === "full" ? FULL_RETRY_MS : Infinity;
      report("refused", {
        reason: error.message,
        refusal: error.kind,
        retryAt: retry === Infinity ? 0 : performance.now() + retry,
      });
      await sleep(retry);
      return;
    }
    const longest = Math.min(FIRST_RETRY_MS * 2 ** failures, LONGEST_RETRY_MS);
    const wait = longest * (0.5 + Math.random() / 2);
    failures += 1;
    const reason =
      error instanceof TypeError || !(error instanceof Error)
        ? "The server cannot be reached."
        : error.message;
    report("reconnecting", { reason, retryAt: performance.now() + wait });
    await sleep(wait);
  };

  void run();
  return {
    /** Tries again now, with the token there is now. */
    retry() {
      failures = 0;
      wake();
    },
    stop() {
      stop.abort();
      wake();
      socket?.close();
    },
  };
}

export interface Loss {
  code: number;
  reason: string;
  /** whether the server ever spoke on this socket */
  isWelcome: boolean;
}

function explain({ code, reason, isWelcome }: Loss) {
  if (code === 1001) return "The server is stopping.";
  if (reason !== "") return reason;
  // A browser does not tell what a refused upgrade was answered with.
  return isWelcome
    ? "The connection was lost."
    : "The server answers, but its WebSocket cannot be opened: a proxy may not let it through, or the server may not allow this page's address (allowed_origins).";
}

/**
 * Notices a connection that died without a word (sleep, Wi-Fi): after a silence
 * it asks the server for a sign of life, and at once when the page comes back
 * into view. Browsers show neither pings nor, for long, that nobody answers.
 *
 * One whose greeting told the time before a clock jumped is replaced too, for
 * the greeting of the next: on one machine a connection outlives its sleep.
 */
function watchSocket(
  socket: WebSocket,
  {
    probeAfterMs = PROBE_AFTER_MS,
    replyTimeoutMs = REPLY_TIMEOUT_MS,
  }: { probeAfterMs?: number; replyTimeoutMs?: number },
  onDead: (why: string) => void,
) {
  // Not Date.now(): a clock that is set back would stop the watch.
  let heardAt = performance.now();
  let isAnswerDue = true; // the greeting
  const onSilence = () => onDead("The server did not answer.");
  let timer: ReturnType<typeof setTimeout> = setTimeout(
    onSilence,
    replyTimeoutMs,
  );
  const clocksDiffer = () => Date.now() - performance.now();
  const before = clocksDiffer();
  const clocks = setInterval(() => {
    if (Math.abs(clocksDiffer() - before) > CLOCK_JUMP_MS)
      onDead("The clock was set, or the machine slept.");
  }, 1_000);
  const look = () => {
    const left = probeAfterMs - (performance.now() - heardAt);
    if (left > 0) timer = setTimeout(look, left);
    else probe();
  };
  const probe = () => {
    if (isAnswerDue || socket.readyState !== WebSocket.OPEN) return;
    isAnswerDue = true;
    socket.send(PROBE);
    clearTimeout(timer);
    timer = setTimeout(onSilence, replyTimeoutMs);
  };
  const onVisible = () => {
    if (document.visibilityState === "visible") probe();
  };
  document.addEventListener("visibilitychange", onVisible);
  window.addEventListener("online", probe);
  return {
    heard() {
      heardAt = performance.now();
      if (!isAnswerDue) return;
      isAnswerDue = false;
      clearTimeout(timer);
      timer = setTimeout(look, probeAfterMs);
    },
    stop() {
      clearTimeout(timer);
      clearInterval(clocks);
      document.removeEventListener("visibilitychange", onVisible);
      window.removeEventListener("online", probe);
    },
  };
}

/** Lets the page draw, and hear its user. */
function nextTurn() {
  return new Promise((resolve) => setTimeout(resolve));
}

function openSocket(options: ConnectionOptions, streamId: string) {
  const url = new URL(options.baseUrl);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("since", String(options.lastSeq()));
  url.searchParams.set("stream_id", streamId);
  const token = options.token();
  if (token === "") return new WebSocket(url);
  // As a subprotocol the token stays out of the request line; the server picks
  // the other one, so that it does not repeat the token.
  return new WebSocket(url, [SUBPROTOCOL, `adw.token.${token}`]);
}

function parse(data: unknown) {
  try {
    const value: unknown = JSON.parse(String(data));
    return value;
  } catch {
    return null;
  }
}
