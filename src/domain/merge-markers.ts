/** Conflict markers that git leaves in a file it could not merge. */

/** The file as each side of the merge had it, with `\n` line ends. */
export interface MergeSides {
  ours: string;
  theirs: string;
  /** What both came from, where the markers tell (styles diff3 and zdiff3). */
  base: string | undefined;
}

type Section = "ours" | "base" | "theirs";

/**
 * What begins at each marker. `|||||||` is there in the styles diff3 and zdiff3. Where
 * both sides renamed the file, git writes eight characters.
 */
const MARKERS: readonly [pattern: RegExp, begins: Section | "both"][] = [
  [/^(<{7,})(?: .*)?$/, "ours"],
  [/^(\|{7,})(?: .*)?$/, "base"],
  [/^(={7,})$/, "theirs"],
  [/^(>{7,})(?: .*)?$/, "both"],
];

interface Marker {
  begins: Section | "both";
  width: number;
}

function markerAt(line: string): Marker | undefined {
  for (const [pattern, begins] of MARKERS) {
    const width = pattern.exec(line)?.[1]?.length;
    if (width !== undefined) return { begins, width };
  }
  return undefined;
}

/**
 * The line of the first marker, counted from 1. For JSON only, where no line of a
 * valid file looks like one: in other texts `=======` may underline a heading.
 */
export function mergeMarkerLine(text: string): number | undefined {
  const index = text
    .split(/\r?\n/)
    .findIndex((line) => markerAt(line) !== undefined);
  return index === -1 ? undefined : index + 1;
}

/** Both sides of the merge; undefined where some markers are already gone. */
export function mergeSides(text: string): MergeSides | undefined {
  const ours: string[] = [];
  const theirs: string[] = [];
  const base: string[] = [];
  let hasBase = false;
  let section: Section | "both" = "both";
  let width: number | undefined;
  for (const line of text.split(/\r?\n/)) {
    const marker = markerAt(line);
    width ??= marker?.width;
    // Wider ones inside are a conflict that the common base had already.
    if (marker !== undefined && marker.width === width) {
      const { begins } = marker;
      if (!follows(section, begins)) return undefined;
      section = begins;
      hasBase ||= begins === "base";
      continue;
    }
    if (section === "both" || section === "ours") ours.push(line);
    if (section === "both" || section === "theirs") theirs.push(line);
    if (section === "both" || section === "base") base.push(line);
  }
  if (section !== "both") return undefined;
  return {
    ours: ours.join("\n"),
    theirs: theirs.join("\n"),
    base: hasBase ? base.join("\n") : undefined,
  };
}

function follows(before: Section | "both", next: Section | "both"): boolean {
  switch (next) {
    case "ours":
      return before === "both";
    case "base":
      return before === "ours";
    case "theirs":
      return before === "ours" || before === "base";
    case "both":
      return before === "theirs";
  }
}

/** The text without the lines of its markers. */
export function withoutMergeMarkers(text: string): string {
  return text
    .split(/\r?\n/)
    .filter((line) => markerAt(line) === undefined)
    .join("\n");
}

/** Whether a text of any kind holds a whole conflict: its markers in their order. */
export function hasMergeConflict(text: string): boolean {
  return /^<{7,} .*$[^]*?^={7,}\r?$[^]*?^>{7,} /m.test(text);
}
