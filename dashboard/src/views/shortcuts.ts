/** Keys that work wherever the focus is, but not while someone types. */
import { useEffect } from "preact/hooks";
import {
  closeEvent,
  goLive,
  selected,
  shortcutsOn,
  showPanel,
  togglePause,
  togglePlay,
} from "../state.ts";

export function useShortcuts({ onHelp }: { onHelp: () => void }): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target instanceof Element ? event.target : null;
      if (document.querySelector("dialog[open]") !== null) return;
      if (target?.matches("input:not([type=range]), textarea, select")) return;
      const isCharacter = event.key.length === 1 && event.key !== " ";
      if (isCharacter && !shortcutsOn.value) return;
      switch (event.key) {
        case "/":
          showPanel("log");
          // The panel may have to come to the front first.
          requestAnimationFrame(() =>
            document.getElementById("search")?.focus(),
          );
          break;
        case " ":
          // Space presses the button that has the focus, as everywhere.
          if (target?.matches("button, a, summary, [role=treeitem]")) return;
          togglePause();
          break;
        case "?":
          onHelp();
          break;
        case "s":
          showPanel("story");
          break;
        case "l":
          goLive();
          break;
        case "p":
          togglePlay();
          break;
        case "Escape":
          if (selected.value === null) return;
          closeEvent();
          break;
        default:
          return;
      }
      event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [onHelp]);
}
