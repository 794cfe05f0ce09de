import { Component } from "preact";

/**
 * A component that is drawn again only when one of its props has changed.
 *
 * @template {object} P
 */
export function memo(draw: (props: P) => unknown) {
  return class extends Component {
    /** @param {Record<string, unknown>} next */
    shouldComponentUpdate(next) {
      const props = /** @type {Record<string, unknown>} */ this.props;
      for (const name in next) {
        // Handlers are new each time, and do the same.
        if (typeof next[name] === "function") continue;
        if (next[name] !== props[name]) return true;
      }
      return false;
    }
    /** @param {P} props */
    render(props) {
      return /** @type {import("preact").ComponentChildren} */ draw(props);
    }
  };
}
