/** The view and the address bar: each says what the other does. */
import { effect } from "@preact/signals";
import { fromQuery, isSameStep, toQuery } from "../core/url_state.ts";
import {
  filter,
  folded,
  isHistoryStep,
  open,
  panel,
  replay,
  selected,
  speed,
  usageKey,
  withoutHistory,
} from "./signals.ts";

const ADDRESS_UPDATE_MS = 300;

/** Shows what the address bar says. */
export function showAddress() {
  const view = fromQuery(location.search);
  withoutHistory(() => {
    filter.value = view.filter;
    selected.value = view.selected;
    panel.value = view.panel;
    open.value = view.open;
    folded.value = view.folded;
    usageKey.value = view.by;
    replay.value =
      view.at === null
        ? null
        : { at: view.at, playing: false, speed: speed.value };
  });
}

/**
 * Writes the view into the address bar: each step of the user is one that Back
 * takes back; typing, scrubbing and what happens by itself are not.
 */
export function keepAddress() {
  let writtenAt = -Infinity;
  let isStep = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const view = {
      filter: filter.value,
      selected: selected.value,
      panel: panel.value,
      at: replay.value?.at ?? null,
      open: open.value,
      folded: folded.value,
      by: usageKey.value,
    };
    const query = toQuery(view);
    const write = () => {
      const step = isStep;
      isStep = false;
      if (query === location.search) return;
      writtenAt = performance.now();
      const address = query || location.pathname;
      try {
        if (step) history.pushState(null, "", address);
        else history.replaceState(null, "", address);
      } catch {
        // A file opened from disk may not change its address.
      }
    };
    clearTimeout(timer);
    isStep ||= isHistoryStep() && !isSameStep(fromQuery(location.search), view);
    // Browsers refuse more than some hundred changes in half a minute.
    const wait = writtenAt + ADDRESS_UPDATE_MS - performance.now();
    if (isStep || wait <= 0) write();
    else timer = setTimeout(write, wait);
  });
  addEventListener("popstate", () => {
    clearTimeout(timer);
    isStep = false;
    showAddress();
  });
}
