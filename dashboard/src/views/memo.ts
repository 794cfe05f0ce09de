import { Component, type ComponentChildren } from "preact";

/** A component that is drawn again only when one of its props has changed. */
export function memo<P extends object>(draw: (props: P) => ComponentChildren) {
  return class extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const props: [string, unknown][] = Object.entries(next);
      // Handlers are new each time, and do the same.
      return props.some(
        ([name, value]) =>
          typeof value !== "function" &&
          value !== Reflect.get(this.props, name),
      );
    }

    override render(props: P): ComponentChildren {
      return draw(props);
    }
  };
}
