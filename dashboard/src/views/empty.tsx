/** What stands where there is nothing yet, and what to do about it. */
import { formatInteger } from "../core/format.ts";
import { clearFilter, connection, overviewVersion, store } from "../state.ts";

export function EmptyFleet({
  filtered,
  hidden,
  state,
}: {
  /** Whether a session, project or source is chosen. */
  filtered: boolean;
  /** Agents that a setting hides. */
  hidden: number;
  state: string;
}) {
  if (hidden > 0) {
    return (
      <div class="empty">
        <p>
          <strong>All {hidden} agents have finished</strong>
        </p>
        <p>They are hidden; the box above shows them again.</p>
      </div>
    );
  }
  if (state === "loading") {
    return (
      <div class="empty">
        <p>Reading the stored events…</p>
      </div>
    );
  }
  if (filtered) {
    return (
      <div class="empty">
        <p>
          <strong>No agent of what is chosen</strong>
        </p>
        <p>The filters of the log hide all others.</p>
      </div>
    );
  }
  return (
    <div class="empty">
      <p>
        <strong>No agent yet</strong>
      </p>
      <p>Agents appear here with their first event. To see some at work:</p>
      <p>
        <code>npx adw-scaffold demo</code>
      </p>
    </div>
  );
}

export function EmptyLog() {
  void overviewVersion.value;
  if (store.length > 0) {
    return (
      <div class="empty over">
        <p>
          <strong>No event matches</strong>
        </p>
        <p>
          {formatInteger(store.length)} events are held.{" "}
          <button type="button" class="link" onClick={clearFilter}>
            Clear the filters
          </button>
        </p>
      </div>
    );
  }
  const loading = connection.value.state === "loading";
  return (
    <div class="empty over">
      <p>
        <strong>
          {loading ? "Reading the stored events…" : "No event yet"}
        </strong>
      </p>
      {!loading && <p>Events appear here the moment they are logged.</p>}
    </div>
  );
}
