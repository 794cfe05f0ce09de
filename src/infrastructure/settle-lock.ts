/** A lock that a merge left in two versions, settled entry by entry. */
import type { Node } from "jsonc-parser";
import * as v from "valibot";
import {
  LOCK_VERSION,
  type Lock,
  type LockedEdit,
  type LockedFile,
  type LockedModule,
} from "../domain/lock.ts";
import {
  LOCKED_EDIT_SCHEMA,
  LOCKED_FILE_SCHEMA,
  LOCKED_MODULE_SCHEMA,
} from "../domain/lock-schema.ts";
import { mergeSides, withoutMergeMarkers } from "../domain/merge-markers.ts";
import { jsonc } from "./jsonc.ts";
import { sha256, unpackText } from "./project-files.ts";
import { isNewer } from "./ranges.ts";

/**
 * Takes each file's entry from the side that matches the file on disk, else from the
 * side with the newer module. An entry that is not whole is left out: its file is
 * then recorded again, like any that a lock has lost.
 *
 * @param text - with conflict markers, or with two entries of one name
 * @param digestOf - sha256 of a file on disk with `\n` line ends; undefined when there is none
 * @returns what is to be checked as any lock is
 */
export async function settleLock(
  text: string,
  digestOf: (path: string) => Promise<string | undefined>,
): Promise<object> {
  const halves = mergeSides(text);
  const sides = (
    halves === undefined
      ? [withoutMergeMarkers(text)]
      : [halves.ours, halves.theirs]
  ).map(readSide);
  const files = await settledFiles(sides, digestOf);
  return {
    lockfile_version: Math.max(
      LOCK_VERSION,
      ...sides.map(({ format }) => format),
    ),
    written_by: newest(sides.flatMap(({ writtenBy }) => writtenBy ?? [])),
    modules: settledModules(sides),
    files,
    kept_files: Object.fromEntries(
      sides
        .flatMap(({ keptFiles }) => keptFiles)
        .filter(([path]) => !Object.hasOwn(files, path)),
    ),
    added_dependencies: Object.fromEntries(
      sides.flatMap(({ dependencies }) => dependencies),
    ),
    added_scripts: Object.fromEntries(sides.flatMap(({ scripts }) => scripts)),
    host_edits: Object.fromEntries(sides.flatMap(({ hostEdits }) => hostEdits)),
  };
}

/** Every entry of one side, those with the same name included. */
interface Side {
  format: number;
  writtenBy: string | undefined;
  modules: [string, LockedModule][];
  files: [string, LockedFile][];
  keptFiles: [string, LockedFile][];
  dependencies: [string, string][];
  scripts: [string, string][];
  hostEdits: [string, LockedEdit][];
}

/** Reads what can be read: git may have joined the lines of two sides into no JSON. */
function readSide(text: string): Side {
  const root = jsonc().parseTree(text, [], { allowTrailingComma: true });
  const format = valueOf(root, "lockfile_version");
  const writtenBy = valueOf(root, "written_by");
  const fileEntries = (name: string) =>
    entriesOf(root, name).flatMap(([path, value]): [string, LockedFile][] => {
      const entry = v.safeParse(LOCKED_FILE_SCHEMA, value);
      return entry.success && isWhole(entry.output)
        ? [[path, entry.output]]
        : [];
    });
  const textEntries = (name: string) =>
    entriesOf(root, name).flatMap(([key, value]): [string, string][] =>
      typeof value === "string" ? [[key, value]] : [],
    );
  return {
    format: typeof format === "number" ? format : LOCK_VERSION,
    writtenBy: typeof writtenBy === "string" ? writtenBy : undefined,
    modules: entriesOf(root, "modules").flatMap(
      ([name, value]): [string, LockedModule][] => {
        const entry = v.safeParse(LOCKED_MODULE_SCHEMA, value);
        return entry.success ? [[name, entry.output]] : [];
      },
    ),
    files: fileEntries("files"),
    keptFiles: fileEntries("kept_files"),
    dependencies: textEntries("added_dependencies"),
    scripts: textEntries("added_scripts"),
    hostEdits: entriesOf(root, "host_edits").flatMap(
      ([path, value]): [string, LockedEdit][] => {
        const entry = v.safeParse(LOCKED_EDIT_SCHEMA, value);
        return entry.success ? [[path, entry.output]] : [];
      },
    ),
  };
}

/** The newest of each; rendered again where the two differ, whichever is right. */
function settledModules(sides: readonly Side[]): Lock["modules"] {
  const modules = new Map<string, LockedModule>();
  for (const [name, entry] of sides.flatMap((side) => side.modules)) {
    const present = modules.get(name);
    if (present === undefined) {
      modules.set(name, entry);
    } else if (JSON.stringify(present) !== JSON.stringify(entry)) {
      const later = isNewer(entry.version, present.version) ? entry : present;
      modules.set(name, { ...later, templates: "" });
    }
  }
  return Object.fromEntries(modules);
}

async function settledFiles(
  sides: readonly Side[],
  digestOf: (path: string) => Promise<string | undefined>,
): Promise<Lock["files"]> {
  const candidates = new Map<
    string,
    { entry: LockedFile; version: string }[]
  >();
  for (const { files, modules } of sides) {
    const versions = new Map(modules);
    for (const [path, entry] of files) {
      const version = versions.get(entry.module)?.version ?? "";
      candidates.set(path, [
        ...(candidates.get(path) ?? []),
        { entry, version },
      ]);
    }
  }
  const settled: [string, LockedFile][] = [];
  for (const [path, found] of candidates) {
    const [first] = found;
    if (first === undefined) continue;
    if (found.every(({ entry }) => entry.sha256 === first.entry.sha256)) {
      settled.push([path, first.entry]);
      continue;
    }
    const digest = await digestOf(path);
    const { entry } =
      found.find((candidate) => candidate.entry.sha256 === digest) ??
      found.reduce((best, candidate) =>
        isNewer(candidate.version, best.version) ? candidate : best,
      );
    settled.push([path, entry]);
  }
  return Object.fromEntries(settled);
}

function newest(versions: readonly string[]): string | undefined {
  return versions.reduce<string | undefined>(
    (best, version) =>
      best === undefined || isNewer(version, best) ? version : best,
    undefined,
  );
}

/** Lines of two sides in one entry do not fit together. */
function isWhole({ base, sha256: digest }: LockedFile): boolean {
  // Of a generated file there is the hash alone, which is whole or no hash.
  if (base === undefined) return true;
  try {
    return sha256(unpackText(base)) === digest;
  } catch {
    return false;
  }
}

function propertiesOf(node: Node | undefined): [string, Node][] {
  return (node?.children ?? []).flatMap(({ children }): [string, Node][] => {
    const [name, value] = children ?? [];
    return name === undefined || value === undefined
      ? []
      : [[String(name.value), value]];
  });
}

function valueOf(root: Node | undefined, name: string): unknown {
  const found = propertiesOf(root).find(([key]) => key === name);
  return found === undefined ? undefined : jsonc().getNodeValue(found[1]);
}

/** The properties of one part, where the part itself stands twice of both. */
function entriesOf(root: Node | undefined, part: string): [string, unknown][] {
  return propertiesOf(root)
    .filter(([name]) => name === part)
    .flatMap(([, node]) => propertiesOf(node))
    .map(([name, node]): [string, unknown] => [
      name,
      jsonc().getNodeValue(node),
    ]);
}
