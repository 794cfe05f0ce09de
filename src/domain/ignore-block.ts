/** Our lines in a project's own .gitignore, which stays as its owner wrote it. */

const HEADING =
  "# adw-scaffold: secrets, and what agents were told and answered";

/** A path with everything that follows its name (-wal, -shm, backups), as a pattern of gitignore(5). */
function patternOf(path: string): string {
  return `/${path.replaceAll(/[\\*?[\] ]/g, String.raw`\$&`)}*`;
}

function pathOf(pattern: string): string {
  return pattern.slice(1, -1).replaceAll(/\\(.)/g, "$1");
}

/** The paths that our lines name. */
export function ignoredPaths(text: string | null): string[] {
  const lines = (text ?? "").split(/\r?\n/);
  const start = lines.indexOf(HEADING);
  if (start === -1) return [];
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => !/^\/.*\*$/.test(line));
  return rest.slice(0, end === -1 ? undefined : end).map(pathOf);
}

/** The text with exactly these paths in our lines; null when nothing is left of it. */
export function withIgnoredPaths(
  text: string | null,
  paths: readonly string[],
): string | null {
  const present = ignoredPaths(text);
  const lineEnd = text?.includes("\r\n") === true ? "\r\n" : "\n";
  const block = [HEADING, ...paths.map(patternOf)];
  if (present.length > 0 && text !== null) {
    const old = [HEADING, ...present.map(patternOf)].join(lineEnd);
    if (paths.length > 0) return text.replace(old, () => block.join(lineEnd));
    const at = text.indexOf(old);
    const before = text.slice(0, at).replace(/(?:\r?\n){2}$/, lineEnd);
    const after = text.slice(at + old.length).replace(/^\r?\n/, "");
    return before + after === "" ? null : before + after;
  }
  if (paths.length === 0) return text;
  const lines = `${block.join(lineEnd)}${lineEnd}`;
  if (text === null || text === "") return lines;
  const gap = text.endsWith("\n") ? lineEnd : lineEnd + lineEnd;
  return `${text}${gap}${lines}`;
}
