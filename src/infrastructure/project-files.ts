/** Reading a project safely: never through a symbolic link, never outside its root. */
import { isUtf8 } from "node:buffer";
import { lstatSync, readFileSync, type Stats } from "node:fs";
import { ConfigError, RefusedError } from "../domain/errors.ts";
import type { AbsolutePath, ProjectPath } from "../domain/paths.ts";

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
 * Checks every existing part of a path inside the project.
 *
 * @throws {ConfigError} code `PATH_OUTSIDE` or `PATH_SYMLINK`.
 */
export async function assertNoSymlink(
  root: AbsolutePath,
  path: ProjectPath,
): Promise<void> {
  statusInside(root, path);
}

/** The status of a file inside the project; undefined when it does not exist. */
function statusInside(
  root: AbsolutePath,
  path: ProjectPath,
): Stats | undefined {
  try {
    for (
      let end = path.indexOf("/");
      end !== -1;
      end = path.indexOf("/", end + 1)
    ) {
      const folder = path.slice(0, end);
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
    }
    const status = statusOf(root, path);
    if (status === undefined || status.isFile()) return status;
  } catch (error) {
    if (isMissing(error)) return undefined;
    // Others are errors of the system, such as a folder that may not be entered.
    throw hasErrno(error) ? unreadable(path, error) : error;
  }
  throw new ConfigError(
    "PATH_NOT_FILE",
    `${path} exists and is not a regular file`,
    { where: { file: path }, hint: "Move it out of the way." },
  );
}

/** Faster than `join`, which looks for what a {@link ProjectPath} has not. */
function inside(root: AbsolutePath, path: string): string {
  return `${root}/${path}`;
}

function statusOf(root: AbsolutePath, part: string): Stats | undefined {
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

/** The text of a project file, or null when it does not exist. */
export async function readProjectFile(
  root: AbsolutePath,
  path: ProjectPath,
): Promise<string | null> {
  // Asking first is cheaper than an exception, for most files are not there yet.
  if (statusInside(root, path) === undefined) return null;
  return readText(inside(root, path), path);
}

/**
 * The same, and null for what is not ours to write, such as a file that is reached by
 * a link.
 *
 * @param onRefused - called with it
 */
export async function readOwnFile(
  root: AbsolutePath,
  path: ProjectPath,
  onRefused: (path: ProjectPath) => unknown = () => undefined,
): Promise<string | null> {
  try {
    return await readProjectFile(root, path);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    onRefused(path);
    return null;
  }
}

/** The text of a file, or null when it does not exist. */
export async function readTextIfExists(file: string): Promise<string | null> {
  return readText(file);
}

/** @param name - the file as an error names it */
function readText(file: string, name = file): string | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if (isMissing(error)) return null;
    throw unreadable(name, error);
  }
  // A byte that is not UTF-8 would be lost when the file is written again.
  if (isUtf8(bytes)) return bytes.toString();
  throw new RefusedError("NOT_UTF8", `${file} is not UTF-8 text`, {
    where: { file },
    hint: "Nothing was changed. Save it as UTF-8, or move it away.",
  });
}

function hasErrno(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

function unreadable(file: string, error: unknown): RefusedError {
  const reason = error instanceof Error ? error.message : String(error);
  return new RefusedError("READ_FAILED", `cannot read ${file}: ${reason}`, {
    cause: error,
    where: { file },
    hint: "Nothing was changed. Check its permissions, then run the command again.",
  });
}

/** Loading node:crypto is a tenth of a run: only those who need it do. */
export function sha256(text: string): string {
  const { createHash } = process.getBuiltinModule("node:crypto");
  return createHash("sha256").update(text).digest("hex");
}

/** The digest of a text whatever its line ends: that of the text with `\n`. */
export function textDigest(text: string): string {
  return sha256(text.replaceAll("\r\n", "\n"));
}

/**
 * Of the largest template, level 9 would make 4 % less and take nearly three times
 * as long. With its usual memory, zlib takes 256 KiB from the system for each text
 * and gives them back, which is most of the time; this makes 0.3 % more.
 */
const PACKING = { level: 4, memLevel: 5, windowBits: 14 };

/**
 * Compresses a text for the lock: raw deflate, base64. zlib is loaded only by
 * those who need it.
 */
export function packText(text: string): string {
  const { deflateRawSync } = process.getBuiltinModule("node:zlib");
  return deflateRawSync(Buffer.from(text), PACKING).toString("base64");
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
