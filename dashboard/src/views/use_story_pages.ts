/** Which parts of a story are drawn, and where it is scrolled to. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

/** Parts drawn at a time. */
const PAGE = 100;

/**
 * @param name of the story: another one starts at its end
 * @param total parts of the story
 * @param wanted index of the part with the open event, -1 for none
 * @param seq of the open event
 */
export function useStoryPages(
  name: string,
  total: number,
  wanted: number,
  seq: number | null,
) {
  const viewport = useRef<HTMLDivElement | null>(null);
  /** null: the newest, and on with them */
  const [first, setFirst] = useState<number | null>(null);
  const isAtEnd = useRef(true);
  const shownSeq = useRef<number | null>(null);
  const newest = Math.max(0, total - PAGE);
  const from = Math.min(first ?? newest, newest);
  const to = Math.min(total, from + PAGE);

  useLayoutEffect(() => {
    setFirst(null);
    isAtEnd.current = true;
  }, [name]);

  useLayoutEffect(() => {
    const element = viewport.current;
    if (element === null || first !== null || !isAtEnd.current) return;
    element.scrollTop = element.scrollHeight;
  }, [name, total, first]);

  // An event opened elsewhere is brought into sight.
  useEffect(() => {
    const element = viewport.current;
    if (element === null || wanted < 0 || shownSeq.current === seq) return;
    if (wanted < from || wanted >= to) {
      setFirst(Math.max(0, wanted - PAGE / 2));
      return;
    }
    shownSeq.current = seq;
    isAtEnd.current = false;
    element
      .querySelector(`[data-part="${wanted}"]`)
      ?.scrollIntoView({ block: "center" });
  });

  const goTo = (index: number | null) => {
    const next = index === null || index >= newest ? null : Math.max(0, index);
    isAtEnd.current = next === null;
    setFirst(next);
    const element = viewport.current;
    element?.focus();
    // After the other parts are drawn.
    requestAnimationFrame(() => {
      if (element === null) return;
      const isBack = index !== null && index < from && index > 0;
      const isLast = next === null && index === null;
      element.scrollTop = isBack || isLast ? element.scrollHeight : 0;
    });
  };

  return {
    viewport,
    from,
    to,
    hasEarlier: from > 0,
    hasLater: to < total,
    toStart: () => goTo(0),
    toEarlier: () => goTo(from - PAGE),
    toLater: () => goTo(from + PAGE),
    toEnd: () => goTo(null),
    onScroll: () => {
      const element = viewport.current;
      if (element === null) return;
      const { scrollHeight, scrollTop, clientHeight } = element;
      isAtEnd.current = scrollHeight - scrollTop - clientHeight < 24;
    },
  };
}
