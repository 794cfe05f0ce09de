/** Keeps the focus on the page when what had it goes away. */
import { useEffect } from "preact/hooks";

const FOCUSABLE =
  "button:not(:disabled), input:not(:disabled), a[href], summary, [tabindex='0']";

/** Moves the focus to the nearest thing left, instead of to the page's start. */
export function useKeptFocus(): void {
  useEffect(() => {
    const app = document.getElementById("app");
    if (app === null) return;
    /** What has the focus, and what it stands in, innermost first. */
    let path: Element[] = [];
    const onFocus = (event: FocusEvent) => {
      path = event
        .composedPath()
        .flatMap((target) =>
          target instanceof Element && app.contains(target) ? [target] : [],
        );
    };
    /** A click beside everything lets go of the focus: that is meant. */
    const onPointer = () => {
      setTimeout(() => {
        if (isFocusLost() && path[0]?.isConnected) path = [];
      });
    };
    const observer = new MutationObserver(() => {
      const [focused] = path;
      if (focused === undefined || focused.isConnected || !isFocusLost())
        return;
      const home = path.find((element) => element.isConnected);
      const target = home?.matches(FOCUSABLE)
        ? home
        : home?.querySelector(FOCUSABLE);
      path = [];
      if (target instanceof HTMLElement) target.focus();
    });
    app.addEventListener("focusin", onFocus);
    addEventListener("pointerup", onPointer);
    observer.observe(app, { childList: true, subtree: true });
    return () => {
      app.removeEventListener("focusin", onFocus);
      removeEventListener("pointerup", onPointer);
      observer.disconnect();
    };
  }, []);
}

/** Whether nothing on the page has the focus. */
export function isFocusLost(): boolean {
  const { activeElement } = document;
  return activeElement === null || activeElement === document.body;
}
