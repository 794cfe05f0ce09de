import type { TargetedInputEvent, TargetedKeyboardEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { changeFilter, filter } from "../state.ts";
import { Icon } from "./icons.tsx";

/** How long typing has to rest before the log is searched. */
const TYPING_MS = 120;

export function SearchBox() {
  const [text, setText] = useState(filter.value.text);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const shown = filter.value.text;
  useEffect(() => setText(shown), [shown]);
  const onInput = (event: TargetedInputEvent<HTMLInputElement>) => {
    const value = event.currentTarget.value;
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => changeFilter({ text: value }), TYPING_MS);
  };
  return (
    <div class="search">
      <Icon name="search" />
      <input
        id="search"
        type="search"
        aria-label="Search messages and metadata"
        placeholder="Search messages and metadata"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={onInput}
        onKeyDown={leaveToLog}
      />
      <kbd aria-hidden="true">/</kbd>
    </div>
  );
}

/** From the search to what it found. */
function leaveToLog(event: TargetedKeyboardEvent<HTMLInputElement>) {
  if (!["Escape", "Enter", "ArrowDown"].includes(event.key)) return;
  document.getElementById("log-list")?.focus();
  if (event.key !== "Escape") event.preventDefault();
}
