/** Our lines in a project's .gitignore for settings that are one person's. */
import { AGENTS } from "./agents.ts";

const HEADING = "# adw-scaffold hooks: settings of one person";

const patternOf = (path: string) => `/${path}`;

/** Lines below the heading may be anybody's. */
const OWN: ReadonlySet<string> = new Set(
  AGENTS.map(({ folder, files }) => patternOf(`${folder}/${files.personal}`)),
);

/** The text with a line for this file. @param text - null where there is no .gitignore */
export function withIgnored(text: string | null, path: string): string {
  const eol = text?.includes("\r\n") === true ? "\r\n" : "\n";
  const lines = (text ?? "").split(eol);
  const heading = lines.indexOf(HEADING);
  if (heading !== -1) {
    const end = heading + 1 + ownLines(lines, heading).length;
    return lines.toSpliced(end, 0, patternOf(path)).join(eol);
  }
  const block = `${HEADING}${eol}${patternOf(path)}`;
  // A text without a line end at its end is left without one, which tells them apart later.
  if (text === null || text.endsWith(eol)) return `${text ?? ""}${block}${eol}`;
  return text === "" ? block : `${text}${eol}${block}`;
}

/** The text without it; null for a file that was made for it. */
export function withoutIgnored(text: string, path: string): string | null {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = text.split(eol);
  const heading = lines.indexOf(HEADING);
  const ours = ownLines(lines, heading);
  const at = ours.indexOf(patternOf(path));
  if (heading === -1 || at === -1) return text;
  const left =
    ours.length === 1
      ? lines.toSpliced(heading, 2)
      : lines.toSpliced(heading + 1 + at, 1);
  return left.length === 1 && left[0] === "" ? null : left.join(eol);
}

function ownLines(lines: readonly string[], heading: number): string[] {
  const rest = lines.slice(heading + 1);
  const end = rest.findIndex((line) => !OWN.has(line));
  return rest.slice(0, end === -1 ? undefined : end);
}
