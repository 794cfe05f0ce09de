/** A lock that a merge left in two versions, settled entry by entry. */
import type { Node } from "jsonc-parser";
import * as v from "valibot";
import type { Lock, LockedFile } from "../domain/lock.ts";
import {
  LOCK_VERSION,
  LOCKED_EDIT_SCHEMA,
  LOCKED_FILE_SCHEMA,
  LOCKED_MODULE_SCHEMA,
} from "../domain/lock-schema.ts";
import { mergeSides, withoutMergeMarkers } from "../domain/merge-markers.ts";
import { jsonc } from "./jsonc.ts";
import { textDigest, unpackText } from "./project-files.ts";
import { isNewer } from "./ranges.ts";

/**
 * Takes each file's entry from the side that matches the file on disk, else from the
 * side with the newer module. An entry that is not whole is left out: its file is
 * then recorded again, like any that a lock has lost.
 *
 * @param text - with conflict markers, or with two entries of one name
 * @param digestOf - digest of a file on disk; undefined when there is none
 * @returns the lock, still to be validated like any other
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
  const keptFiles = sides.flatMap((side) => side.keptFiles);
  return {
    lockfile_version: Math.max(...sides.map(({ format }) => format)),
    written_by: sides
      .map(({ writtenBy }) => writtenBy)
      .reduce((best, version) =>
        best === undefined || (version !== undefined && isNewer(version, best))
          ? version
          : best,
      ),
    modules: settledModules(sides),
    files,
    kept_files: Object.fromEntries(
      keptFiles.filter(([path]) => !Object.hasOwn(files, path)),
    ),
    added_dependencies: joined(sides.map(({ dependencies }) => dependencies)),
    added_scripts: joined(sides.map(({ scripts }) => scripts)),
    host_edits: joined(sides.map(({ hostEdits }) => hostEdits)),
  };
}

function joined<T>(sides: readonly (readonly [string, T])[][]) {
  return Object.fromEntries(sides.flat());
}

/** Lines of two sides in one entry do not fit together. */
const WHOLE_FILE_SCHEMA = v.pipe(LOCKED_FILE_SCHEMA, v.check(isWhole));

/** Of a generated file there is the hash alone, which is whole or no hash. */
function isWhole({ base, sha256 }: LockedFile): boolean {
  try {
    return base === undefined || textDigest(unpackText(base)) === sha256;
  } catch {
    return false;
  }
}

type Side = ReturnType<typeof readSide>;

/**
 * Every entry of one side, those with the same name included. Reads what can be read:
 * git may have joined the lines of two sides into no JSON.
 */
function readSide(text: string) {
  const root = jsonc().parseTree(text, [], { allowTrailingComma: true });
  const nodesOf = (name: string) =>
    propertiesOf(root).flatMap(([key, node]) => (key === name ? node : []));
  const scalar = <T>(name: string, schema: v.GenericSchema<unknown, T>) =>
    nodesOf(name).flatMap((node) => valid(node, schema))[0];
  // The part itself may stand twice.
  const entries = <T>(part: string, schema: v.GenericSchema<unknown, T>) =>
    nodesOf(part)
      .flatMap((node) => propertiesOf(node))
      .flatMap(([key, node]) =>
        valid(node, schema).map((value): [string, T] => [key, value]),
      );
  return {
    format: scalar("lockfile_version", v.number()) ?? LOCK_VERSION,
    writtenBy: scalar("written_by", v.string()),
    modules: entries("modules", LOCKED_MODULE_SCHEMA),
    files: entries("files", WHOLE_FILE_SCHEMA),
    keptFiles: entries("kept_files", WHOLE_FILE_SCHEMA),
    dependencies: entries("added_dependencies", v.string()),
    scripts: entries("added_scripts", v.string()),
    hostEdits: entries("host_edits", LOCKED_EDIT_SCHEMA),
  };
}

function valid<T>(node: Node, schema: v.GenericSchema<unknown, T>): T[] {
  const result = v.safeParse(schema, jsonc().getNodeValue(node));
  return result.success ? [result.output] : [];
}

function propertiesOf(node: Node | undefined): [string, Node][] {
  return (node?.children ?? []).flatMap(({ children }): [string, Node][] => {
    const [name, value] = children ?? [];
    return name === undefined || value === undefined
      ? []
      : [[String(name.value), value]];
  });
}

/** The newest of each; rendered again where the two differ, whichever is right. */
function settledModules(sides: readonly Side[]): Lock["modules"] {
  const modules: Lock["modules"] = {};
  for (const [name, entry] of sides.flatMap((side) => side.modules)) {
    const present = modules[name] ?? entry;
    const isSame = JSON.stringify(present) === JSON.stringify(entry);
    const later = isNewer(entry.version, present.version) ? entry : present;
    modules[name] = isSame ? present : { ...later, templates: "" };
  }
  return modules;
}

async function settledFiles(
  sides: readonly Side[],
  digestOf: (path: string) => Promise<string | undefined>,
): Promise<Record<string, LockedFile>> {
  const candidates = sides.flatMap(({ files, modules }) =>
    files.map(([path, entry]) => {
      const [, module] = modules.find(([name]) => name === entry.module) ?? [];
      return { path, entry, version: module?.version ?? "" };
    }),
  );
  const settled: Record<string, LockedFile> = {};
  for (const path of new Set(candidates.map((candidate) => candidate.path))) {
    const found = candidates.filter((candidate) => candidate.path === path);
    const digest = await digestOf(path);
    const onDisk = found.find(({ entry }) => entry.sha256 === digest);
    const newest = found.reduce((best, candidate) =>
      isNewer(candidate.version, best.version) ? candidate : best,
    );
    settled[path] = (onDisk ?? newest).entry;
  }
  return settled;
}
