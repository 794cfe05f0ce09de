/** Reading a project safely: never through a symbolic link, never outside its root. */
import { lstatSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
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
 * Checks every existing part of a path inside the project.
 *
 * @throws {ConfigError} code `PATH_OUTSIDE` or `PATH_SYMLINK`.
 */
export async function assertNoSymlink(
  root: string,
  path: string,
): Promise<void> {
  assertInsideProject(path);
  const parts = path.split("/");
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const part = parts.slice(0, depth).join("/");
    try {
      const status = lstatSync(join(root, part), { throwIfNoEntry: false });
      if (status === undefined) return;
      if (status.isSymbolicLink()) {
        throw new ConfigError(
          "PATH_SYMLINK",
          `refusing to write through the symbolic link ${part}`,
          {
            where: { file: part },
            hint: "Choose a real folder, or replace the link by one.",
          },
        );
      }
      if (depth < parts.length && !status.isDirectory()) {
        throw new ConfigError(
          "PATH_NOT_DIRECTORY",
          `${part} is a file, and a folder is needed there`,
          {
            where: { file: part },
            hint: "Move the file, or choose another adws_dir.",
          },
        );
      }
      if (depth === parts.length && !status.isFile()) {
        throw new ConfigError(
          "PATH_NOT_FILE",
          `${part} exists and is not a regular file`,
          { where: { file: part }, hint: "Move it out of the way." },
        );
      }
    } catch (error) {
      if (isMissing(error)) return;
      throw error;
    }
  }
}

/**
 * The text of a project file, or null when it does not exist.
 *
 * @param path - relative to root, with `/` between the parts
 */
export async function readProjectFile(
  root: string,
  path: string,
): Promise<string | null> {
  await assertNoSymlink(root, path);
  return readTextIfExists(join(root, path));
}

/** Strict: a byte that is not UTF-8 would be lost when the file is written again. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of a file, or null when it does not exist. */
export async function readTextIfExists(file: string): Promise<string | null> {
  try {
    // Asking first is cheaper than an exception, for most files are not there yet.
    if (statSync(file, { throwIfNoEntry: false }) === undefined) return null;
    return UTF8.decode(readFileSync(file));
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
