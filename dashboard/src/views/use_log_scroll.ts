/** Where the log is scrolled to: it follows the newest row, or stays put. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { isEmptyFilter } from "../core/filter.ts";
import { filter, selected, store } from "../state.ts";

const WIDE_ROW = 28;
const NARROW_ROW = 48;
/** Below this width a row has two lines. */
const NARROW_WIDTH = 640;

/**
 * @param total rows of the log
 * @param selectedRow the row of the open event, -1 when it has none
 */
export function useLogScroll(total: number, selectedRow: number) {
  const viewport = useRef<HTMLDivElement | null>(null);
  const [scroll, setScroll] = useState({ top: 0, height: 400, narrow: false });
  // Follows the newest row until the reader scrolls up.
  const following = useRef(true);
  const leftAt = useRef(0);
  const trimmedBefore = useRef(store.trimmed);
  const rowHeight = scroll.narrow ? NARROW_ROW : WIDE_ROW;

  useEffect(() => {
    const element = viewport.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      const narrow = element.clientWidth < NARROW_WIDTH;
      setScroll((old) => ({ ...old, height: element.clientHeight, narrow }));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const stickToEnd = () => {
    const element = viewport.current;
    if (element === null) return;
    if (following.current) {
      element.scrollTop = element.scrollHeight;
    } else if (
      store.trimmed > trimmedBefore.current &&
      isEmptyFilter(filter.peek())
    ) {
      // The oldest rows left: keep what is read where it is.
      element.scrollTop -= (store.trimmed - trimmedBefore.current) * rowHeight;
    }
    trimmedBefore.current = store.trimmed;
  };
  // Before the browser can tell of a scroll: it would look like the reader's.
  useLayoutEffect(stickToEnd, [total, rowHeight, scroll.height, filter.value]);

  // A selection made elsewhere is brought into sight.
  const wanted = useRef(0);
  useEffect(() => {
    const element = viewport.current;
    if (element === null || selected.value === null || selectedRow < 0) return;
    if (wanted.current === selected.value || element.clientHeight === 0) return;
    wanted.current = selected.value;
    const top = selectedRow * rowHeight;
    const seen =
      top >= element.scrollTop &&
      top + rowHeight <= element.scrollTop + element.clientHeight;
    if (seen) return;
    following.current = false;
    leftAt.current = total;
    element.scrollTop = top - element.clientHeight / 2;
  });

  const onScroll = () => {
    const element = viewport.current;
    if (element === null) return;
    const rest =
      element.scrollHeight - element.scrollTop - element.clientHeight;
    const atEnd = rest < rowHeight;
    if (following.current && !atEnd) leftAt.current = total;
    following.current = atEnd;
    setScroll((old) => ({ ...old, top: element.scrollTop }));
  };

  /** Back to the newest row, and on with it. */
  const jumpToEnd = () => {
    following.current = true;
    stickToEnd();
    viewport.current?.focus();
  };

  /** Brings a row that was chosen here into sight. */
  const showRow = (row: number, seq: number) => {
    const element = viewport.current;
    if (element === null) return;
    const top = row * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    const bottom = top + rowHeight - element.clientHeight;
    if (bottom > element.scrollTop) element.scrollTop = bottom;
    following.current = row === total - 1;
    leftAt.current = total;
    wanted.current = seq;
  };

  return {
    viewport,
    rowHeight,
    narrow: scroll.narrow,
    height: scroll.height,
    // While following, the rows at the end are drawn before the browser scrolls.
    top: following.current
      ? Math.max(0, total * rowHeight - scroll.height)
      : scroll.top,
    isFollowing: following.current,
    /** Rows that came since the reader left the end. */
    unread: following.current ? 0 : Math.max(0, total - leftAt.current),
    onScroll,
    jumpToEnd,
    showRow,
  };
}
