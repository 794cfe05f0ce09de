/**
 * `adw.lock.json`: what we wrote, so that a later run can tell an edit from an
 * old version. It holds the text of every file (compressed), so an update needs
 * neither network nor git.
 */
import * as v from "valibot";
import { ConfigError, type SourceLocation } from "./errors.ts";
import { explainIssue } from "./issue-words.ts";
import {
  LOCK_SCHEMA,
  LOCK_VERSION,
  type LOCKED_EDIT_SCHEMA,
  type LOCKED_FILE_SCHEMA,
} from "./lock-schema.ts";
import { projectPath } from "./paths.ts";

/** File name of the lock, at the root of the project. */
export const LOCK_FILE = projectPath("adw.lock.json");

/** The lock as every part of the program sees it. */
export type Lock = v.InferOutput<typeof LOCK_SCHEMA>;

/** One file as we wrote it. */
export type LockedFile = v.InferOutput<typeof LOCKED_FILE_SCHEMA>;

/** One change to a file of the project's own, and the text on both sides of it. */
export type LockedEdit = v.InferOutput<typeof LOCKED_EDIT_SCHEMA>;

export const EMPTY_LOCK: Lock = {
  lockfile_version: LOCK_VERSION,
  modules: {},
  files: {},
  kept_files: {},
  added_dependencies: {},
  added_scripts: {},
};

/**
 * @throws {ConfigError} code `LOCK_INVALID`, or `LOCK_NEWER` when a later
 * version of this package wrote it.
 */
export function parseLock(value: unknown): Lock {
  const version =
    typeof value === "object" && value !== null && "lockfile_version" in value
      ? value.lockfile_version
      : undefined;
  const where = { file: LOCK_FILE };
  if (typeof version === "number" && version > LOCK_VERSION) {
    throw new ConfigError(
      "LOCK_NEWER",
      `the lock has format ${version}, and this version of adw-scaffold reads up to ${LOCK_VERSION}`,
      { where, hint: "Use the newer adw-scaffold: npx adw-scaffold@latest" },
    );
  }
  const result = v.safeParse(LOCK_SCHEMA, value);
  if (!result.success) {
    const issue = result.issues[0];
    throw brokenLock(
      issue.type === "guard"
        ? issue.message
        : `${v.getDotPath(issue) ?? "the file"} ${explainIssue(issue)}`,
    );
  }
  return result.output;
}

/** The error for a lock that cannot be trusted. */
export function brokenLock(
  problem: string,
  where: SourceLocation = { file: LOCK_FILE },
): ConfigError {
  return new ConfigError("LOCK_INVALID", `the lock is broken: ${problem}`, {
    where,
    hint: `Restore ${LOCK_FILE} from version control. If it is not there, delete the file and run adw-scaffold update: it records the files again and keeps your edits.`,
  });
}

/** Keys sorted and one entry a line, so that reviews show small diffs. */
export function formatLock(lock: Lock): string {
  return `${JSON.stringify(
    {
      lockfile_version: lock.lockfile_version,
      ...(lock.written_by === undefined ? {} : { written_by: lock.written_by }),
      modules: sorted(lock.modules),
      files: sorted(lock.files),
      // Left out while there are none, so that most locks never show it.
      ...(Object.keys(lock.kept_files).length === 0
        ? {}
        : { kept_files: sorted(lock.kept_files) }),
      added_dependencies: sorted(lock.added_dependencies),
      added_scripts: sorted(lock.added_scripts),
      ...(Object.keys(lock.host_edits ?? {}).length === 0
        ? {}
        : { host_edits: sorted(lock.host_edits ?? {}) }),
    },
    null,
    2,
  )}\n`;
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}
