/**
 * Asks for the stored events first of all, so that they are on their way while
 * the rest of the page is set up: main.tsx imports this before anything else.
 */
import type { EventsRequest, StoredEvents } from "./events_request.ts";
import { MAX_EVENTS } from "../core/event_store.ts";
import { readEvents } from "./events_request.ts";
import { isRecording } from "./recording.ts";
import { readToken, takeTokenFromAddress } from "./token.ts";

takeTokenFromAddress();

const request: EventsRequest = {
  baseUrl: new URL("./", document.baseURI).href.split(/[?#]/)[0] ?? "",
  token: readToken(),
  since: 0,
  newest: MAX_EVENTS,
};
let answer: Promise<StoredEvents> | null = isRecording()
  ? null
  : readEvents(request);
// Told to whoever takes it; nobody may.
answer?.catch(() => {});

/** The answer to that first request, once, for whoever would ask the same. */
export function takeEarlyAnswer(
  wanted: EventsRequest,
): Promise<StoredEvents> | null {
  const taken = answer;
  answer = null;
  const isSame =
    wanted.baseUrl === request.baseUrl &&
    wanted.token === request.token &&
    wanted.since === request.since &&
    wanted.newest === request.newest;
  if (isSame) return taken;
  taken?.then(
    ({ batches }) => batches.cancel(),
    () => {},
  );
  return null;
}
