import { formatInteger } from "../core/format.ts";
import {
  changeFilter,
  facets,
  filter,
  overviewVersion,
  toggleFilter,
} from "../state.ts";
import type { FilterField } from "../core/types.ts";
import { compareValues, filterLabel } from "./filter_labels.ts";

/** Values drawn at once in a menu. */
const MOST_CHOICES = 200;

/** The values of one field that occur, each with how often. */
export function FilterChoices({
  field,
  label,
  needle,
  onNeedle,
}: {
  field: FilterField;
  label: string;
  needle: string;
  onNeedle: (text: string) => void;
}) {
  void overviewVersion.value;
  const chosen = filter.value[field];
  const counts = facets[field];
  const values = [...new Set([...chosen, ...counts.keys()])]
    .filter((value) =>
      filterLabel(field, value).toLowerCase().includes(needle.toLowerCase()),
    )
    .sort((a, b) => compareValues(field, a, b));
  return (
    <div class="menu" role="group" aria-label={`${label} filter`}>
      {counts.size > 8 && (
        <input
          type="search"
          class="menu-search"
          aria-label={`Find in ${label.toLowerCase()}`}
          placeholder="Find…"
          value={needle}
          onInput={(event) => onNeedle(event.currentTarget.value)}
        />
      )}
      <div class="menu-list">
        {values.slice(0, MOST_CHOICES).map((value) => (
          <label class="choice" key={value}>
            <input
              type="checkbox"
              checked={chosen.includes(value)}
              onChange={() => toggleFilter(field, value)}
            />
            <span class="choice-name" title={value}>
              {filterLabel(field, value)}
            </span>{" "}
            <span class="choice-count">
              {formatInteger(counts.get(value) ?? 0)}
            </span>
          </label>
        ))}
        {values.length === 0 && <p class="menu-note">Nothing here yet.</p>}
        {values.length > MOST_CHOICES && (
          <p class="menu-note">
            {values.length - MOST_CHOICES} more: narrow them down above.
          </p>
        )}
      </div>
      {chosen.length > 0 && (
        <button
          type="button"
          class="menu-clear"
          onClick={() => changeFilter({ [field]: [] })}
        >
          Show all
        </button>
      )}
    </div>
  );
}
