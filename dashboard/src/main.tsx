/**
 * The dashboard's entry. Pure logic is in core/, what touches the browser in
 * io/, what is seen in views/; state.ts joins them.
 */
import "./io/early.ts"; // first of all: it asks for the stored events
import { render } from "preact";
import { asEvent } from "./core/event_store.ts";
import { formatInteger } from "./core/format.ts";
import { connect } from "./io/connection.ts";
import { isRecording, readRecording } from "./io/recording.ts";
import {
  keepToken,
  readToken,
  saveToken,
  takeTokenFromAddress,
} from "./io/token.ts";
import {
  connection,
  lastSeq,
  maxEvents,
  receive,
  replay,
  resetEvents,
  seek,
  setConnection,
  setServerTime,
  showNotice,
  startState,
  store,
} from "./state.ts";
import { App } from "./views/app.tsx";

startState();

const root = document.getElementById("app");
if (root === null) throw new Error("The page has no #app element.");
root.replaceChildren();

const client = isRecording() ? null : connectToServer();
if (client === null) showRecording();

function useToken(token: string) {
  saveToken(token);
  client?.retry();
}

render(<App onRetry={() => client?.retry()} onToken={useToken} />, root);

function connectToServer() {
  const client = connect({
    baseUrl: new URL("./", document.baseURI).href.split(/[?#]/)[0] ?? "",
    token: readToken,
    lastSeq,
    maxEvents,
    onEvents: receive,
    onReset: resetEvents,
    onGap: (missing) => {
      showNotice(
        `${formatInteger(missing)} events were pruned on the server before this page could read them.`,
      );
    },
    onOlder: (older) => {
      showNotice(
        `This page holds the newest events; ${formatInteger(older)} older ones are stored on the server.`,
      );
    },
    onClock: setServerTime,
    onStatus: (status) => {
      setConnection(status);
      if (status.state === "live") keepToken();
    },
  });
  const retry = () => client.retry();
  addEventListener("online", retry);
  // The whole address, pasted into this tab: a new fragment loads nothing.
  addEventListener("hashchange", () => {
    if (takeTokenFromAddress()) retry();
  });
  addEventListener("visibilitychange", () => {
    if (!document.hidden && connection.value.state === "reconnecting") retry();
  });
  return { retry };
}

/** An exported page: its events are inside it. */
function showRecording() {
  const events = readRecording()
    .map(asEvent)
    .filter((event) => event !== null);
  receive(events, Math.max(events.length, 1));
  setConnection({ state: "offline", reason: "", refusal: "", retryAt: 0 });
  seek(replay.value?.at ?? store.lastTime);
}
