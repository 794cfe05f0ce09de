/**
 * Edits of files as agents make them: which of a tool's inputs is one, and its
 * lines as a diff. Claude Code's Edit, MultiEdit and Write, Codex's
 * apply_patch, and the like of Gemini CLI, OpenCode and Cursor.
 */
import { isRecord, text } from "./event_facts.ts";

export interface DiffLine {
  kind: "same" | "added" | "removed" | "gap";
  text: string;
}

export interface FileEdit {
  path: string;
  lines: DiffLine[];
}

/** Lines around a change that are shown with it. */
const CONTEXT = 3;
/** Pairs of lines compared; of more, all is shown as removed and added. */
const MOST_PAIRS = 250_000;
const PATCH_BEGIN = "*** Begin Patch";

/** Whether a call of this tool changes files, by the shape of its input. */
export function isEdit(tool: string, input: unknown) {
  if (patchIn(input) !== "") return true;
  if (!isRecord(input) || pathIn(input) === "") return false;
  return (
    changesIn(input).length > 0 ||
    (/write|create/i.test(tool) && typeof input["content"] === "string")
  );
}

/** The changes that a call makes, a file each. */
export function editsOf(input: unknown): FileEdit[] {
  const patch = patchIn(input);
  if (patch !== "") return readPatch(patch);
  if (!isRecord(input)) return [];
  const path = pathIn(input);
  const changes = changesIn(input);
  if (changes.length === 0) changes.push(["", text(input["content"])]);
  const lines: DiffLine[] = [];
  for (const [before, after] of changes) {
    if (lines.length > 0) lines.push({ kind: "gap", text: "" });
    lines.push(...withoutFarLines(diffLines(before, after)));
  }
  return [{ path, lines }];
}

export function countChanges(edits: readonly FileEdit[]) {
  const all = edits.flatMap(({ lines }) => lines);
  return {
    added: all.filter(({ kind }) => kind === "added").length,
    removed: all.filter(({ kind }) => kind === "removed").length,
  };
}

/** The lines of two texts, with what is the same in both told apart. */
export function diffLines(before: string, after: string): DiffLine[] {
  const old = splitLines(before);
  const now = splitLines(after);
  let start = 0;
  while (start < Math.min(old.length, now.length) && old[start] === now[start])
    start += 1;
  let end = 0;
  while (
    end < Math.min(old.length, now.length) - start &&
    old.at(-1 - end) === now.at(-1 - end)
  )
    end += 1;
  return [
    ...linesOf("same", old.slice(0, start)),
    ...diffMiddle(
      old.slice(start, old.length - end),
      now.slice(start, now.length - end),
    ),
    ...linesOf("same", old.slice(old.length - end)),
  ];
}

/** By the longest common subsequence. */
function diffMiddle(old: string[], now: string[]): DiffLine[] {
  if (old.length * now.length > MOST_PAIRS)
    return [...linesOf("removed", old), ...linesOf("added", now)];
  const width = now.length + 1;
  const lengths = new Uint32Array((old.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        old[i] === now[j]
          ? at(i + 1, j + 1) + 1
          : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push({ kind: "same", text: old[i] ?? "" });
      i += 1;
      j += 1;
    } else if (
      i < old.length &&
      (j === now.length || at(i + 1, j) >= at(i, j + 1))
    ) {
      lines.push({ kind: "removed", text: old[i] ?? "" });
      i += 1;
    } else {
      lines.push({ kind: "added", text: now[j] ?? "" });
      j += 1;
    }
  }
  return lines;
}

/** Leaves out what is far from any change. */
function withoutFarLines(lines: readonly DiffLine[]): DiffLine[] {
  const near = new Uint8Array(lines.length);
  lines.forEach(({ kind }, index) => {
    if (kind === "same") return;
    near.fill(1, Math.max(0, index - CONTEXT), index + CONTEXT + 1);
  });
  return lines.flatMap((line, index): DiffLine[] => {
    if (near[index] === 1) return [line];
    return index === 0 || near[index - 1] === 1
      ? [{ kind: "gap", text: "" }]
      : [];
  });
}

/** Codex's format: `*** Update File: path`, then lines that start with +, - or a space. */
function readPatch(patch: string): FileEdit[] {
  const edits: FileEdit[] = [];
  const body = patch.slice(patch.indexOf(PATCH_BEGIN));
  for (const line of body.split(/\r?\n/).slice(1)) {
    if (line.startsWith("*** End Patch")) break;
    const file = /^\*\*\* (?:Add|Update|Delete) File: (.+)$/.exec(line);
    if (file !== null) {
      edits.push({ path: file[1] ?? "", lines: [] });
      continue;
    }
    const edit = edits.at(-1);
    if (edit === undefined) continue;
    const moved = /^\*\*\* Move to: (.+)$/.exec(line);
    if (moved !== null) edit.path += ` → ${moved[1] ?? ""}`;
    else edit.lines.push(patchLine(line));
  }
  return edits;
}

function patchLine(line: string): DiffLine {
  const rest = line.slice(1);
  if (line.startsWith("+")) return { kind: "added", text: rest };
  if (line.startsWith("-")) return { kind: "removed", text: rest };
  if (line.startsWith("@@")) return { kind: "gap", text: line.slice(2).trim() };
  return { kind: "same", text: rest };
}

/** The text of a patch in a tool's input, in any of its fields; "" for none. */
function patchIn(input: unknown): string {
  if (typeof input === "string")
    return input.includes(PATCH_BEGIN) ? input : "";
  if (!isRecord(input)) return "";
  for (const value of Object.values(input)) {
    const texts: unknown[] = Array.isArray(value) ? value : [value];
    for (const item of texts) {
      if (typeof item === "string" && item.includes(PATCH_BEGIN)) return item;
    }
  }
  return "";
}

function pathIn(input: Record<string, unknown>) {
  return (
    text(input["file_path"]) ||
    text(input["filePath"]) ||
    text(input["path"]) ||
    text(input["notebook_path"])
  );
}

/** What stands before and after, for each replacement. */
function changesIn(input: Record<string, unknown>): [string, string][] {
  const { edits } = input;
  const all: unknown[] = Array.isArray(edits) ? edits : [input];
  return all.flatMap((edit): [string, string][] => {
    if (!isRecord(edit)) return [];
    const before = edit["old_string"] ?? edit["oldString"];
    const after = edit["new_string"] ?? edit["newString"];
    return typeof before === "string" && typeof after === "string"
      ? [[before, after]]
      : [];
  });
}

function splitLines(value: string) {
  if (value === "") return [];
  return value.replace(/\r?\n$/, "").split(/\r?\n/);
}

function linesOf(kind: DiffLine["kind"], lines: string[]): DiffLine[] {
  return lines.map((line) => ({ kind, text: line }));
}
