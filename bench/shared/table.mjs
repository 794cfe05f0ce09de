/** Lines up rows of cells as a Markdown table, so that output goes into documents as it is. */
export function formatTable(header, rows) {
  const widths = header.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column].length)),
  );
  const line = (cells) =>
    `| ${cells.map((cell, column) => pad(cell, widths[column], column)).join(" | ")} |`;
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(header), `| ${rule.join(" | ")} |`, ...rows.map(line)].join(
    "\n",
  );
}

/** Names to the left, numbers to the right. */
function pad(cell, width, column) {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

/** A line that says whether a target was reached, with the middle half of the rounds. */
export function formatTarget(what, ratio, target, { atMost = false } = {}) {
  const reached = atMost ? ratio.median <= target : ratio.median >= target;
  const sign = atMost ? "≤" : "≥";
  return `${reached ? "reached" : "MISSED "}  ${what}: ${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}), target ${sign} ${target}`;
}

/** The same for a single figure that has to stay below a limit. */
export function formatLimit(what, value, limit, unit) {
  return `${value < limit ? "reached" : "MISSED "}  ${what}: ${value.toFixed(2)} ${unit}, target < ${Number(limit.toFixed(2))}`;
}
