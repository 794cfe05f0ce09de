/** The panels that share a place: the title of the one shown, and ways to the others. */
import { showPanel } from "../state.ts";

const PANELS = [
  ["log", "Log"],
  ["story", "Story"],
  ["numbers", "Numbers"],
] as const;

export function PanelSwitch({
  current,
  count,
}: {
  current: (typeof PANELS)[number][0];
  /** Of what the log holds. */
  count?: string;
}) {
  return (
    <>
      {PANELS.map(([id, label]) =>
        id === current ? (
          <>
            <h2 id={`${id}-title`}>{label}</h2>
            {count !== undefined && (
              <span class="panel-count" data-testid="log-count">
                {count}
              </span>
            )}
          </>
        ) : (
          <button
            type="button"
            class="switch"
            data-to={id}
            onClick={() => showPanel(id)}
          >
            {label}
          </button>
        ),
      )}
    </>
  );
}
