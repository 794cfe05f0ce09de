import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

/**
 * Closes an open menu on a press outside its box, and on Escape; then the focus
 * goes back to the button that opened it.
 */
export function useDismiss(
  box: RefObject<HTMLElement | null>,
  open: boolean,
  onClose: () => void,
): void {
  useEffect(() => {
    if (!open) return;
    const onPointer = ({ target }: PointerEvent) => {
      if (target instanceof Node && box.current?.contains(target)) return;
      onClose();
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      box.current?.querySelector("button")?.focus();
      onClose();
    };
    addEventListener("pointerdown", onPointer);
    addEventListener("keydown", onKey, true);
    return () => {
      removeEventListener("pointerdown", onPointer);
      removeEventListener("keydown", onKey, true);
    };
  }, [open]);
}
