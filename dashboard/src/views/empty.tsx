/** What stands where there is nothing yet, and what to do about it. */

export function EmptyFleet({
  filtered,
  hidden,
  state,
}: {
  /** whether a session is chosen */ filtered: boolean;
  /** agents that a setting hides */ hidden: number;
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
          <strong>No agent of this session</strong>
        </p>
        <p>The session filter of the log hides all others.</p>
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
        <code>npm run adw:demo</code>
      </p>
    </div>
  );
}
