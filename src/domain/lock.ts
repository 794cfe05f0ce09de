/**
 * `adw.lock.json`: what we wrote, so that a later run can tell an edit from an
 * old version. It holds the text of every file (compressed), so an update needs
 * neither network nor git.
 */
import * as v from "valibot";
import { ConfigError } from "./errors.ts";
import { isInsideProject } from "./paths.ts";

/** File name of the lock, at the root of the project. */
export const LOCK_FILE = "adw.lock.json";

/** Version of the format, not of the package. */
export const LOCK_VERSION = 1;

export interface LockedModule {
  version: string;
  /** Digest of the module's templates: when it and the inputs are the same, so is the render. */
  templates: string;
  /** The configuration values that the module was rendered with. */
  inputs: Record<string, unknown>;
}

export interface LockedFile {
  module: string;
  /** The registered file, such as `adws/adw_server.ts`: it stays the same when `adws_dir` changes. */
  source: string;
  sha256: string;
  /** The text as written: raw deflate, base64. */
  base: string;
}

// By hand, not inferred: the published declarations must not mention valibot.
export interface Lock {
  lockfile_version: typeof LOCK_VERSION;
  modules: Record<string, LockedModule>;
  files: Record<string, LockedFile>;
  /** Packages that we added to package.json, and may remove again. */
  added_dependencies: Record<string, string>;
}

const LOCK_SCHEMA: v.GenericSchema<unknown, Lock> = v.object({
  lockfile_version: v.literal(LOCK_VERSION),
  modules: v.record(
    v.string(),
    v.object({
      version: v.string(),
      templates: v.string(),
      inputs: v.record(v.string(), v.unknown()),
    }),
  ),
  files: v.record(
    v.string(),
    v.object({
      module: v.string(),
      source: v.string(),
      sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
      base: v.string(),
    }),
  ),
  added_dependencies: v.record(v.string(), v.string()),
});

export const EMPTY_LOCK: Lock = {
  lockfile_version: LOCK_VERSION,
  modules: {},
  files: {},
  added_dependencies: {},
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
    throw brokenLock(`${v.getDotPath(issue) ?? "the file"}: ${issue.message}`);
  }
  for (const path of Object.keys(result.output.files)) {
    if (!isInsideProject(path))
      throw brokenLock(`unsafe path ${JSON.stringify(path)}`);
  }
  return result.output;
}

/** The error for a lock that cannot be trusted. */
export function brokenLock(problem: string): ConfigError {
  return new ConfigError("LOCK_INVALID", `the lock is broken: ${problem}`, {
    where: { file: LOCK_FILE },
    hint: `Restore ${LOCK_FILE} from version control. Without it, delete it and run adw-scaffold init: files that you did not edit are recognised.`,
  });
}

/** Keys sorted and one entry a line, so that reviews show small diffs. */
export function formatLock(lock: Lock): string {
  return `${JSON.stringify(
    {
      lockfile_version: lock.lockfile_version,
      modules: sorted(lock.modules),
      files: sorted(lock.files),
      added_dependencies: sorted(lock.added_dependencies),
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
