/** The log's panel: how many events there are, filters, pause, the list. */
import { isEmptyFilter } from "../core/filter.ts";
import { formatInteger } from "../core/format.ts";
import {
  clearFilter,
  filter,
  logEnd,
  logIndex,
  logVersion,
  pausedAt,
  replay,
  store,
  togglePause,
} from "../state.ts";
import { FilterMenus } from "./filter_menus.tsx";
import { Icon } from "./icons.tsx";
import { LogList } from "./log_list.tsx";
import { PanelSwitch } from "./panel_switch.tsx";
import { SearchBox } from "./search_box.tsx";
import { TimeRangeChip } from "./time_range_chip.tsx";

export function LogPanel() {
  void logVersion.value;
  const total = logIndex.count(logEnd.value);
  const filtered = !isEmptyFilter(filter.value);
  return (
    <section class="panel log" aria-labelledby="log-title">
      <header class="panel-head log-head">
        <PanelSwitch
          current="log"
          count={`${formatInteger(total)}${filtered ? ` of ${formatInteger(store.length)}` : ""}`}
        />
        <SearchBox />
        <FilterMenus />
        <TimeRangeChip />
        {filtered && (
          <button type="button" class="button quiet" onClick={clearFilter}>
            Clear
          </button>
        )}
        <span class="spacer"></span>
        <PauseButton />
      </header>
      <LogList total={total} />
    </section>
  );
}

function PauseButton() {
  void logVersion.value;
  const paused = pausedAt.value !== null;
  const waiting = paused ? logIndex.count() - logIndex.count(logEnd.value) : 0;
  if (replay.value !== null) return null;
  return (
    <button
      type="button"
      class="button pause"
      aria-pressed={paused}
      title={paused ? "Let the log run (Space)" : "Pause the log (Space)"}
      onClick={togglePause}
    >
      <Icon name={paused ? "play" : "pause"} />
      {paused ? "Resume" : "Pause"}
      {waiting > 0 && <span class="badge">{formatInteger(waiting)} new</span>}
    </button>
  );
}
