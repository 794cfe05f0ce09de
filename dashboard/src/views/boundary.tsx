/** What keeps one panel's fault from taking the others along. */
import { Component, type ComponentChildren } from "preact";

interface BoundaryProps {
  /** Of the panel, as its reader knows it. */
  name: string;
  /** Class of the panel, which gives it its place. */
  place?: string;
  children?: ComponentChildren;
}

interface BoundaryState {
  reason: string | null;
}

/** Draws what is inside; when that fails it says so, and offers to try again. */
export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { reason: null };

  override componentDidCatch(error: unknown): void {
    console.error(`${this.props.name}: the panel failed.`, error);
    const reason = error instanceof Error ? error.message : String(error);
    this.setState({ reason });
  }

  override render({
    name,
    place = "",
    children,
  }: BoundaryProps): ComponentChildren {
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
