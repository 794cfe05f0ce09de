/** Tokens and cost by agent, model, project or day, each with how it is known. */
import type { Fleet } from "../core/fleet.ts";
import { formatCount, formatDuration, formatInteger } from "../core/format.ts";
import { isGrouped } from "../core/groups.ts";
import { sourcesOf, type Usage, type UsageKey } from "../core/usage.ts";
import { totalRow, type UsageRow, usageRows } from "../core/usage_rows.ts";
import { statusWord } from "./agent_words.ts";
import { costWords } from "./cost_words.ts";

interface Column {
  label: string;
  title?: string;
  class?: string;
  cell: (row: UsageRow) => string | number | undefined;
  /** What a cell's number is made of. */
  note?: (usage: Usage) => string;
}

const TIME: Column = {
  label: "Time",
  class: "time",
  cell: ({ elapsed }) =>
    elapsed === undefined ? undefined : formatDuration(elapsed),
};
const TOKENS: readonly Column[] = [
  { label: "In", cell: ({ usage }) => usage && formatCount(usage.tokensIn) },
  { label: "Out", cell: ({ usage }) => usage && formatCount(usage.tokensOut) },
];
const CACHE: Column = {
  label: "Cache",
  title: "Tokens read from a cache / written to it",
  class: "cache",
  cell: ({ usage }) =>
    usage && usage.cacheRead + usage.cacheWrite > 0
      ? `${formatCount(usage.cacheRead)} / ${formatCount(usage.cacheWrite)}`
      : undefined,
  note: (usage) =>
    `${formatInteger(usage.cacheRead)} tokens read from a cache, ${formatInteger(usage.cacheWrite)} written to it`,
};
const COST: Column = {
  label: "Cost",
  class: "cost",
  cell: ({ usage }) => usage && costWords(usage),
};
const SOURCE: Column = {
  label: "Source of cost",
  class: "cost-source",
  cell: ({ usage }) => usage && sourcesOf(usage).join(", "),
  note: (usage) =>
    sourcesOf(usage)
      .map((source) => `${formatInteger(usage[source])} ${source}`)
      .join(", "),
};
const ERRORS: Column = {
  label: "Errors",
  title: "Events of level error or critical, or of type error",
  class: "errors",
  cell: ({ errors }) => errors,
};

/**
 * Agents change in place: as it reads no signal, the table is drawn again
 * whenever what holds it is.
 */
export function UsageTable({
  fleet,
  time,
  by,
}: {
  fleet: Fleet;
  time: number;
  by: UsageKey;
}) {
  const rows = usageRows(fleet, by, time);
  const total = totalRow(fleet, by);
  const ofAgents = by === "agent";
  const { cacheRead = 0, cacheWrite = 0 } = total.usage ?? {};
  const columns: readonly Column[] = [
    ...(ofAgents ? [TIME] : []),
    ...TOKENS,
    ...(cacheRead + cacheWrite > 0 ? [CACHE] : []),
    COST,
    // Logs from before costs had a source say "recorded" once, above.
    ...(isGrouped(fleet) ? [SOURCE] : []),
    ...(ofAgents ? [ERRORS] : []),
  ];
  return (
    <table class="usage">
      <caption>By {by}</caption>
      <thead>
        <tr>
          <th scope="col" class="first">
            {by.charAt(0).toUpperCase() + by.slice(1)}
          </th>
          {columns.map(({ label, title, class: style = "" }) => (
            <th scope="col" class={`num ${style}`} title={title}>
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row key={row.key} row={row} columns={columns} />
        ))}
        {rows.length === 0 && !ofAgents && (
          <tr>
            <td colspan={columns.length + 1} class="muted">
              No tokens or cost were recorded yet.
            </td>
          </tr>
        )}
      </tbody>
      <tfoot>
        <Row row={total} columns={columns} />
      </tfoot>
    </table>
  );
}

function Row({ row, columns }: { row: UsageRow; columns: readonly Column[] }) {
  const { name, depth, agent, usage } = row;
  const bad = (column: Column) =>
    column === ERRORS && (row.errors ?? 0) > 0 ? " bad" : "";
  return (
    <tr>
      <th scope="row" style={{ "--depth": Math.min(depth, 6) }}>
        <span class="bar-label">
          <span class="clip" title={name}>
            {name}
          </span>{" "}
          {agent && <span class="muted">{statusWord(agent)}</span>}
        </span>
      </th>
      {columns.map((column) => (
        <td
          class={`num ${column.class ?? ""}${bad(column)}`}
          title={usage && column.note?.(usage)}
        >
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}
