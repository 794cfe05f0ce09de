/**
 * The tokens: what clients need to read, and what programs need to write events.
 * Each comes from the environment, or else from a file that the first start
 * makes, readable by its owner only; keep both out of git.
 *
 * Template: adw_server 1.3.0
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import { messageOf, writeStderr } from "../adw_modules/adw_stderr.ts";
import { isToken } from "../adw_modules/adw_websockets.ts";

/** A token, by what it is in the environment and where its file lies. */
export interface TokenSource {
  readonly variable: string;
  readonly file: string;
}

/** To read: events, stored and live. */
export const READ_TOKEN = {
  variable: "ADW_TOKEN",
  file: fileURLToPath(new URL("../.adw_token", import.meta.url)),
};
/** To write events, and read nothing. */
export const INGEST_TOKEN = {
  variable: "ADW_INGEST_TOKEN",
  file: fileURLToPath(new URL("../.adw_ingest_token", import.meta.url)),
};

/** A token of fewer characters is the owner's choice, but not without a word. */
const SHORT_TOKEN = 8;
const GOOD_TOKEN = "A good one: openssl rand -hex 32";

/** A mistake of the caller: exit code 2. Everything else that goes wrong: 1. */
export class UsageError extends Error {}

export function readToken({ variable, file }: TokenSource): string {
  const fromEnvironment = process.env[variable] ?? "";
  if (fromEnvironment === "")
    return readTokenFile(file) ?? createTokenFile(file);
  const token = checkToken(fromEnvironment, variable, 1);
  if (token.length < SHORT_TOKEN) {
    writeStderr(
      `adw_server: ${variable} is shorter than ${String(SHORT_TOKEN)} characters, so it can be guessed. ${GOOD_TOKEN}\n`,
    );
  }
  return token;
}

/** The server takes no other; here the message says where it came from. */
function checkToken(token: string, source: string, shortest: number): string {
  if (token.length >= shortest && isToken(token)) return token;
  throw new UsageError(
    `${source} must hold ${String(shortest)} to 512 letters, digits, "-", "_", "." or "~", and nothing else. ${GOOD_TOKEN}`,
  );
}

/** undefined when there is no file yet. */
function readTokenFile(path: string): string | undefined {
  let file: number;
  try {
    // Not through a symbolic link, which could lead to somebody else's file.
    // (Windows has no such flag.)
    const flags: Readonly<Record<string, number | undefined>> = constants;
    const noFollow = flags["O_NOFOLLOW"] ?? 0;
    file = openSync(path, constants.O_RDONLY | noFollow);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    const advice =
      "It must be a plain file of yours: delete it, or set ADW_TOKEN.";
    throw new Error(`Cannot read ${path} (${messageOf(error)}). ${advice}`, {
      cause: error,
    });
  }
  try {
    const { mode } = fstatSync(file);
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      fchmodSync(file, 0o600);
      writeStderr(
        `${path} was open to other users (mode ${(mode & 0o777).toString(8)}); it is 600 now. ` +
          "If somebody may have read it, delete it and start again for a new token.\n",
      );
    }
    const token = readFileSync(file, "utf8").trim();
    return checkToken(token, path, SHORT_TOKEN);
  } finally {
    closeSync(file);
  }
}

/** Two servers that start together agree on one token: only one of them places its file. */
function createTokenFile(path: string): string {
  const token = randomBytes(32).toString("base64url");
  const draft = `${path}.${String(process.pid)}.tmp`;
  writeFileSync(draft, `${token}\n`, { mode: 0o600, flag: "wx" });
  try {
    placeOnce(draft, path);
    return token;
  } catch (error) {
    const winner = codeOf(error) === "EEXIST" ? readTokenFile(path) : undefined;
    if (winner === undefined) throw error;
    return winner;
  } finally {
    unlinkSync(draft);
  }
}

/** @throws an error with the code EEXIST when the target exists. */
function placeOnce(draft: string, target: string): void {
  try {
    linkSync(draft, target); // appears with all of its text at once
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw error;
    // A file system without hard links: exFAT, some network and container mounts.
    copyFileSync(draft, target, constants.COPYFILE_EXCL);
  }
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
