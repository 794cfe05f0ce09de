import { changeFilter, facets, filter, overviewVersion } from "../state.ts";
import { filterLabel } from "./filter_labels.ts";

/** All projects, or only one; there where more than one is known. */
export function ProjectSwitch() {
  void overviewVersion.value;
  const chosen = filter.value.projects;
  const names = [...new Set([...facets.projects.keys(), ...chosen])].sort();
  if (names.length < 2 && chosen.length === 0) return null;
  const [first = ""] = chosen;
  return (
    <select
      class="project-switch"
      aria-label="Project"
      value={chosen.length === 1 ? `=${first}` : ""}
      onChange={({ currentTarget: { value } }) =>
        changeFilter({ projects: value === "" ? [] : [value.slice(1)] })
      }
    >
      <option value="">
        {chosen.length > 1 ? `${chosen.length} projects` : "All projects"}
      </option>
      {names.map((name) => (
        <option key={name} value={`=${name}`}>
          {filterLabel("projects", name)}
        </option>
      ))}
    </select>
  );
}
