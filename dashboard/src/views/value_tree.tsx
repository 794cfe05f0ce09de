/** Metadata as a tree that unfolds. */
import { useState } from "preact/hooks";
import { formatDuration } from "../core/format.ts";

/** Children drawn at once in a branch of the tree. */
const MOST_CHILDREN = 200;

export function Branch({ value, depth }: { value: object; depth: number }) {
  const entries: [string, unknown][] = Object.entries(value);
  return (
    <ul class="branch">
      {entries.slice(0, MOST_CHILDREN).map(([key, item]) => (
        <li key={key}>
          <Leaf name={key} value={item} depth={depth} />
        </li>
      ))}
      {entries.length > MOST_CHILDREN && (
        <li class="muted">and {entries.length - MOST_CHILDREN} more</li>
      )}
    </ul>
  );
}

function Leaf({
  name,
  value,
  depth,
}: {
  name: string;
  value: unknown;
  depth: number;
}) {
  const [open, setOpen] = useState(depth < 2);
  if (typeof value === "object" && value !== null) {
    const size = Object.keys(value).length;
    const brackets = Array.isArray(value) ? `[${size}]` : `{${size}}`;
    if (size === 0) {
      return (
        <>
          <span class="key">{name}</span>
          <span class="muted mono">{Array.isArray(value) ? "[]" : "{}"}</span>
        </>
      );
    }
    return (
      <details
        open={open}
        onToggle={(event) => setOpen(event.currentTarget.open)}
      >
        <summary>
          <span class="key">{name}</span>
          <span class="muted mono">{brackets}</span>
        </summary>
        {open && <Branch value={value} depth={depth + 1} />}
      </details>
    );
  }
  const isText = typeof value === "string";
  const long = isText && (value.length > 60 || value.includes("\n"));
  const shown = isText ? value : String(value);
  // Below a second it would say the same again.
  const note =
    name.endsWith("_ms") && typeof value === "number" && value >= 1_000
      ? ` = ${formatDuration(value)}`
      : "";
  return (
    <>
      <span class="key">{name}</span>
      <span
        class={`value ${long ? "long" : ""}`}
        data-type={value === null ? "null" : typeof value}
      >
        {shown}
      </span>
      {note !== "" && <span class="muted">{note}</span>}
    </>
  );
}
