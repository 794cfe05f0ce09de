import { useState } from "preact/hooks";
import { cutText, formatInteger } from "../core/format.ts";

/** Characters of a message shown at first, so that the rest stays in sight. */
const MESSAGE_CHARS = 700;

export function EventMessage({
  text,
  class: style = "detail-message",
}: {
  text: string;
  class?: string;
}) {
  const [whole, setWhole] = useState(false);
  if (text === "") {
    return (
      <p class={style}>
        <em>No message</em>
      </p>
    );
  }
  const isLong = text.length > MESSAGE_CHARS + 100;
  const shown = isLong && !whole ? `${cutText(text, MESSAGE_CHARS)}…` : text;
  return (
    <>
      <p class={style}>{shown}</p>
      {isLong && (
        <button
          type="button"
          class="link"
          aria-expanded={whole}
          onClick={() => setWhole(!whole)}
        >
          {whole
            ? "Show less"
            : `Show all ${formatInteger(text.length)} characters`}
        </button>
      )}
    </>
  );
}
