/** What keeps one panel's fault from taking the others along. */
import { Component } from "preact";

/**
 * @typedef {object} BoundaryProps
 * @property {string} name of the panel, as its reader knows it
 * @property {string} [place] class of the panel, which gives it its place
 * @property {import("preact").ComponentChildren} [children]
 */

/** Draws what is inside; when that fails it says so, and offers to try again. */
export class Boundary extends Component {
  /** @type {{ reason: string | null }} */
  state = { reason: null };

  /** @param {unknown} error */
  componentDidCatch(error) {
    console.error(`${this.props.name}: the panel failed.`, error);
    const reason = error instanceof Error ? error.message : String(error);
    this.setState({ reason });
  }

  /** @param {BoundaryProps} props */
  render({ name, place = "", children }) {
    const { reason } = this.state;
    if (reason === null) return children;
    return (
      <section class={`${place} panel-failed`} role="alert" aria-label={name}>
        <p>
          <strong>{name} failed</strong>
        </p>
        <p>
          The rest of the page works on. The reason: {reason || "none given"}
        </p>
        <button
          type="button"
          class="button"
          onClick={() => this.setState({ reason: null })}
        >
          Reload the panel
        </button>
      </section>
    );
  }
}
