/** What stands where there is nothing yet, and what to do about it. */
import { html } from "htm/preact";

/**
 * @param {object} props
 * @param {boolean} props.filtered whether a session is chosen
 * @param {number} props.hidden agents that a setting hides
 * @param {string} props.state
 */
export function EmptyFleet({ filtered, hidden, state }) {
  if (hidden > 0) {
    return html`<div class="empty">
      <p><strong>All ${hidden} agents have finished</strong></p>
      <p>They are hidden; the box above shows them again.</p>
    </div>`;
  }
  if (state === "loading") {
    return html`<div class="empty"><p>Reading the stored events…</p></div>`;
  }
  if (filtered) {
    return html`<div class="empty">
      <p><strong>No agent of this session</strong></p>
      <p>The session filter of the log hides all others.</p>
    </div>`;
  }
  return html`<div class="empty">
    <p><strong>No agent yet</strong></p>
    <p>Agents appear here with their first event. To see some at work:</p>
    <p><code>npx adw-scaffold demo</code></p>
  </div>`;
}
