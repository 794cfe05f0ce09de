/** Reading a project safely: never through a symbolic link, never outside its root. */
import {
  closeSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  type Stats,
} from "node:fs";
import { ConfigError, RefusedError } from "../domain/errors.ts";
import { assertInsideProject } from "../domain/paths.ts";

/** Whether an error is Node's "no such file or directory". */
export function isMissing(error: unknown): boolean {
  return hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR");
}

/** Whether an error carries one of Node's error codes, such as `EEXIST`. */
export function hasCode(error: unknown, code: string): boolean {
  return (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    error.code === code
  );
}

/**
 * Folders of a project that are known to be real ones, by their path in it: while
 * many files are read, none of them need be looked at twice.
 */
export type KnownFolders = Set<string>;

/**
 * Checks every existing part of a path inside the project.
 *
 * @throws {ConfigError} code `PATH_OUTSIDE` or `PATH_SYMLINK`.
 */
export async function assertNoSymlink(
  root: string,
  path: string,
): Promise<void> {
  statusInside(root, path);
}

/** The status of a file inside the project; undefined when it does not exist. */
function statusInside(
  root: string,
  path: string,
  known: KnownFolders = new Set(),
): Stats | undefined {
  assertInsideProject(path);
  try {
    for (
      let end = path.indexOf("/");
      end !== -1;
      end = path.indexOf("/", end + 1)
    ) {
      const folder = path.slice(0, end);
      if (known.has(folder)) continue;
      const status = statusOf(root, folder);
      if (status === undefined) return undefined;
      if (!status.isDirectory()) {
        throw new ConfigError(
          "PATH_NOT_DIRECTORY",
          `${folder} is a file, and a folder is needed there`,
          {
            where: { file: folder },
            hint: "Move the file, or choose another adws_dir.",
          },
        );
      }
      known.add(folder);
    }
    const status = statusOf(root, path);
    if (status === undefined || status.isFile()) return status;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  throw new ConfigError(
    "PATH_NOT_FILE",
    `${path} exists and is not a regular file`,
    { where: { file: path }, hint: "Move it out of the way." },
  );
}

/** Faster than `join`, which looks for what {@link assertInsideProject} refuses. */
function inside(root: string, path: string): string {
  return `${root}/${path}`;
}

function statusOf(root: string, part: string): Stats | undefined {
  const status = lstatSync(inside(root, part), { throwIfNoEntry: false });
  if (status?.isSymbolicLink() !== true) return status;
  throw new ConfigError(
    "PATH_SYMLINK",
    `refusing to write through the symbolic link ${part}`,
    {
      where: { file: part },
      hint: "Choose a real folder, or replace the link by one.",
    },
  );
}

/**
 * The text of a project file, or null when it does not exist.
 *
 * @param path - relative to root, with `/` between the parts
 * @param known - filled with the folders on the way
 */
export async function readProjectFile(
  root: string,
  path: string,
  known?: KnownFolders,
): Promise<string | null> {
  // Asking first is cheaper than an exception, for most files are not there yet.
  if (statusInside(root, path, known) === undefined) return null;
  return readText(inside(root, path));
}

/**
 * Whether a project file holds these bytes and no others; null when it does not
 * exist. No text is made of it: for 70 files, collecting that garbage would take
 * longer than reading them.
 */
export function projectFileHas(
  root: string,
  path: string,
  bytes: Uint8Array,
  known?: KnownFolders,
): boolean | null {
  if (statusInside(root, path, known) === undefined) return null;
  const found = Buffer.allocUnsafe(bytes.length + 1);
  let length: number;
  try {
    const descriptor = openSync(inside(root, path), "r");
    try {
      length = readSync(descriptor, found, 0, found.length, null);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false; // why is said by who reads its text
  }
  return found.subarray(0, length).equals(bytes);
}

/** The text of a file, or null when it does not exist. */
export async function readTextIfExists(file: string): Promise<string | null> {
  return exists(file) ? readText(file) : null;
}

function exists(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true; // what is in the way is said when the file is read
  }
}

function readText(file: string): string | null {
  try {
    const text = readFileSync(file, "utf8");
    // Only where this is: a decoder takes longer to make than most files to read.
    return text.includes("\uFFFD") ? readStrictly(file) : text;
  } catch (error) {
    if (isMissing(error)) return null;
    if (hasCode(error, "ERR_ENCODING_INVALID_ENCODED_DATA")) {
      throw new RefusedError("NOT_UTF8", `${file} is not UTF-8 text`, {
        cause: error,
        where: { file },
        hint: "Nothing was changed. Save it as UTF-8, or move it away.",
      });
    }
    throw new RefusedError("READ_FAILED", `cannot read ${file}`, {
      cause: error,
      where: { file },
      hint: error instanceof Error ? error.message : String(error),
    });
  }
}

/** A byte that is not UTF-8 would be lost when the file is written again. */
function readStrictly(file: string): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
    readFileSync(file),
  );
}

/** Loading node:crypto is a tenth of a run: only those who need it do. */
export function sha256(text: string): string {
  const { createHash } = process.getBuiltinModule("node:crypto");
  return createHash("sha256").update(text).digest("hex");
}

/**
 * Compresses a text for the lock: raw deflate, base64. zlib is loaded only by
 * those who need it. Of the largest template,
 * level 9 would make 4 % less and take nearly three times as long.
 */
export function packText(text: string): string {
  const { deflateRawSync } = process.getBuiltinModule("node:zlib");
  return deflateRawSync(Buffer.from(text), { level: 4 }).toString("base64");
}

/** More than any template renders: a lock must not be able to fill the memory. */
const MAX_UNPACKED_BYTES = 16 * 2 ** 20;

/** @throws {Error} when the data is not what {@link packText} made. */
export function unpackText(packed: string): string {
  const { inflateRawSync } = process.getBuiltinModule("node:zlib");
  return inflateRawSync(Buffer.from(packed, "base64"), {
    maxOutputLength: MAX_UNPACKED_BYTES,
  }).toString();
}
