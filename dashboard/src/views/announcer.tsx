/** Tells who does not see the page what has changed: a summary, now and then. */
import { useEffect, useState } from "preact/hooks";
import { formatInteger } from "../core/format.ts";
import { connection, needs, replay, store } from "../state.ts";
import { CONNECTION_WORDS } from "./connection_words.ts";

/** Shortest time between two announcements: more nobody could listen to. */
const ANNOUNCE_MS = 5_000;

export function Announcer() {
  const [said, setSaid] = useState("");
  useEffect(() => {
    let told = { state: "", needs: "", seq: store.lastSeq };
    const tell = () => {
      const { state } = connection.peek();
      const word =
        state === "live" && replay.peek() !== null
          ? "Replay"
          : CONNECTION_WORDS[state];
      const keys = needs.peek().map((need) => need.key);
      const next = { state: word, needs: keys.join("\n"), seq: store.lastSeq };
      if (
        next.state === told.state &&
        next.needs === told.needs &&
        next.seq === told.seq
      ) {
        return;
      }
      setSaid(sentence(word, keys.length, next.seq - told.seq));
      told = next;
    };
    tell();
    const timer = setInterval(tell, ANNOUNCE_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <p class="visually-hidden" role="status">
      {said}
    </p>
  );
}

function sentence(state: string, waiting: number, added: number) {
  const parts = [state];
  if (added > 0) {
    parts.push(
      `${formatInteger(added)} new ${added === 1 ? "event" : "events"}`,
    );
  }
  parts.push(
    waiting === 0
      ? "nothing needs you"
      : `${waiting} ${waiting === 1 ? "needs" : "need"} you`,
  );
  return `${parts.join(", ")}.`;
}
