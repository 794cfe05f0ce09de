/**
 * Keeps the page in step with the server: reads what is stored over HTTP, then
 * listens on the WebSocket from the very next event on, and does it again
 * after each interruption. No event is lost or doubled: every request names
 * the last seq that is known, and the store refuses what it has already.
 *
 * @import { AgentEvent } from "../core/types.js"
 * @import { StoredEvents } from "./events_request.js"
 */
import { asEvent } from "../core/event_store.js";
import { takeEarlyAnswer } from "./early.js";
import { readEnds, readEvents, Refusal } from "./events_request.js";

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 8_000;
/** A full server is not asked again sooner than this. */
const FULL_RETRY_MS = 5_000;
/** After this silence the connection is tested with a small request. */
const SILENCE_MS = 45_000;
/** Work in a row before others on the page's thread get a turn. */
const WORK_MS = 40;

/**
 * @typedef {object} ConnectionStatus
 * @property {"loading" | "live" | "reconnecting" | "resyncing" | "refused" | "offline"} state
 * @property {string} reason in words, "" when there is nothing to explain
 * @property {"" | "token" | "origin" | "full"} refusal
 * @property {number} retryAt ms since the epoch, 0 when no retry is planned
 */

/**
 * @typedef {object} ConnectionOptions
 * @property {string} baseUrl the page's own URL, ending in a slash
 * @property {() => string} token "" when none is needed
 * @property {() => number} lastSeq the newest event known, 0 at first
 * @property {number} maxEvents only so many of the newest are read at first
 * @property {(events: AgentEvent[], total: number) => void} onEvents
 *   `total` is how many the server holds, 0 for live events
 * @property {(reason: string) => void} onReset forget everything: a new stream
 * @property {(missing: number) => void} onGap pruned before they were read
 * @property {(older: number) => void} onOlder stored, but more than fit here
 * @property {(offsetMs: number) => void} onClock server's time minus ours
 * @property {(status: ConnectionStatus) => void} onStatus
 */

/**
 * Starts at once, and goes on until `stop()`.
 *
 * @param {ConnectionOptions} options
 */
export function connect(options) {
  const stop = new AbortController();
  const isStopped = () => stop.signal.aborted;
  let streamId = "";
  let failures = 0;
  /** @type {WebSocket | null} */
  let socket = null;
  /** @type {() => void} */
  let wake = () => {};

  /**
   * @param {ConnectionStatus["state"]} state
   * @param {Partial<ConnectionStatus>} [details]
   */
  const report = (state, details = {}) => {
    if (isStopped()) return;
    options.onStatus({
      state,
      reason: "",
      refusal: "",
      retryAt: 0,
      ...details,
    });
  };

  /** @param {number} ms Infinity: until woken */
  const sleep = (ms) =>
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

  /** Takes over the stream that an answer belongs to. @param {StoredEvents} answer */
  const enterStream = (answer) => {
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
      /** @type {AgentEvent[]} */
      const events = [];
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

  /** Listens until the socket closes; resolves with the reason. */
  const listen = () =>
    /** @type {Promise<{ event: CloseEvent, isWelcome: boolean }>} */ (
      new Promise((resolve) => {
        const current = openSocket(options, streamId);
        socket = current;
        let heardAt = Date.now();
        let isWelcome = false;
        const watchdog = setInterval(() => {
          if (Date.now() - heardAt < SILENCE_MS) return;
          heardAt = Date.now();
          readEnds(request()).then(
            // The socket has been silent, and yet there is something new.
            ({ lastSeq }) =>
              setTimeout(() => {
                if (lastSeq > options.lastSeq()) current.close();
              }, 2_000),
            () => current.close(),
          );
        }, SILENCE_MS / 3);
        current.addEventListener("message", (message) => {
          heardAt = Date.now();
          const value = parse(message.data);
          const event = asEvent(value);
          if (event !== null) {
            options.onEvents([event], 0);
            return;
          }
          const note = /** @type {Record<string, unknown> | null} */ (value);
          if (note?.["type"] === "connection_established") {
            const time = Date.parse(String(note["server_time"]));
            if (!Number.isNaN(time)) options.onClock(time - Date.now());
            failures = 0;
            isWelcome = true;
            report("live");
          } else if (note?.["type"] === "resync_required") {
            // Read over HTTP what this socket cannot replay.
            report("resyncing", { reason: "Reading the stream anew." });
            current.close();
          }
        });
        current.addEventListener("close", (event) => {
          clearInterval(watchdog);
          socket = null;
          resolve({ event, isWelcome });
        });
      })
    );

  const run = async () => {
    while (!isStopped()) {
      try {
        if (options.lastSeq() === 0) report("loading");
        await catchUp();
        if (isStopped()) return;
        const { event, isWelcome } = await listen();
        if (event.code === 1013) {
          throw new Refusal("full", event.reason || "The server is full.");
        }
        throw new Error(lossOf(event, isWelcome));
      } catch (error) {
        if (isStopped()) return;
        await pause(error);
      }
    }
  };

  /** Explains the interruption, and waits as long as it asks for. @param {unknown} error */
  const pause = async (error) => {
    if (error instanceof Refusal) {
      const retry = error.kind === "full" ? FULL_RETRY_MS : Infinity;
      report("refused", {
        reason: error.message,
        refusal: error.kind,
        retryAt: retry === Infinity ? 0 : Date.now() + retry,
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
    report("reconnecting", { reason, retryAt: Date.now() + wait });
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

/**
 * @param {CloseEvent} event
 * @param {boolean} isWelcome whether the server ever spoke on this socket
 */
function lossOf(event, isWelcome) {
  if (event.code === 1001) return "The server is stopping.";
  if (event.reason !== "") return event.reason;
  // A browser does not tell what a refused upgrade was answered with.
  return isWelcome
    ? "The connection was lost."
    : "The server answers, but its WebSocket cannot be opened: a proxy may not let it through, or the server may not allow this page's address (allowed_origins).";
}

/** Lets the page draw, and hear its user. */
function nextTurn() {
  return new Promise((resolve) => setTimeout(resolve));
}

/**
 * @param {ConnectionOptions} options
 * @param {string} streamId
 */
function openSocket(options, streamId) {
  const url = new URL(options.baseUrl);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("since", String(options.lastSeq()));
  url.searchParams.set("stream_id", streamId);
  const token = options.token();
  if (token === "") return new WebSocket(url);
  // As a subprotocol the token stays out of the request line; where it holds
  // characters that a subprotocol may not, the URL has to carry it.
  if (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(token)) {
    return new WebSocket(url, [`adw.token.${token}`]);
  }
  url.searchParams.set("token", token);
  return new WebSocket(url);
}

/** @param {unknown} data */
function parse(data) {
  try {
    return /** @type {unknown} */ (JSON.parse(String(data)));
  } catch {
    return null;
  }
}
