/**
 * `adw.lock.json`: what we wrote, so that a later run can tell an edit from an
 * old version. It holds the text of every file (compressed), so an update needs
 * neither network nor git.
 */
import * as v from "valibot";
import { ConfigError } from "./errors.ts";
import { explainIssue } from "./issue-words.ts";
import { LOCK_SCHEMA } from "./lock-schema.ts";
import { isInsideProject } from "./paths.ts";

/** File name of the lock, at the root of the project. */
export const LOCK_FILE = "adw.lock.json";

/** Version of the format, not of the package. */
export const LOCK_VERSION = 1 as const;

/** The lock as every part of the program sees it. */
export interface Lock {
  lockfile_version: typeof LOCK_VERSION;
  /** Version of adw-scaffold that wrote it last; locks of 0.1.0-alpha do not have it. */
  written_by?: string | undefined;
  /** Installed modules, hidden ones included. */
  modules: Record<string, LockedModule>;
  /** Files that we wrote, by their path in the project. */
  files: Record<string, LockedFile>;
  /** Files of removed modules that stayed because they were edited: the base, should the module come back. */
  kept_files: Record<string, LockedFile>;
  /** Packages that we added to package.json with their range, and may remove again. */
  added_dependencies: Record<string, string>;
  /** Scripts that we added to package.json with their command, and may change again. */
  added_scripts: Record<string, string>;
  /** What we changed in the project's own tsconfig and linter files, by path. */
  host_edits?: Record<string, LockedEdit> | undefined;
}

/** One change to a file of the project's own, and the text on both sides of it. */
export interface LockedEdit {
  left: string;
  removed: string;
  inserted: string;
  right: string;
  /** The file did not exist before. */
  created?: boolean | undefined;
}

/** The state of the templates that a module was last rendered with. */
export interface LockedModule {
  version: string;
  /** Digest of the module's templates: when it and the inputs are the same, so is the render. */
  templates: string;
  /** The configuration values that the module was rendered with. */
  inputs: Record<string, unknown>;
}

/** One file as we wrote it. */
export interface LockedFile {
  module: string;
  /** The registered file, such as `adws/adw_server.ts`: it stays the same when `adws_dir` changes. */
  source: string;
  /** Of the text with `\n` line ends, in hexadecimal. */
  sha256: string;
  /** The text as written: raw deflate (RFC 1951), base64. A generated file has none. */
  base?: string;
}

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
      `${v.getDotPath(issue) ?? "the file"} ${explainIssue(issue)}`,
    );
  }
  const { files, kept_files: kept, host_edits = {} } = result.output;
  for (const path of Object.keys({ ...files, ...kept, ...host_edits })) {
    if (!isInsideProject(path))
      throw brokenLock(`unsafe path ${JSON.stringify(path)}`);
  }
  return result.output;
}

/** The error for a lock that cannot be trusted. */
export function brokenLock(problem: string): ConfigError {
  return new ConfigError("LOCK_INVALID", `the lock is broken: ${problem}`, {
    where: { file: LOCK_FILE },
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
