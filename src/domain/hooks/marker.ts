/**
 * What tells a handler of ours from others in an agent's settings, and what
 * `uninstall` has to know to leave a file as it was: it stands in the handler
 * itself, so that a copied or moved file still has it.
 *
 *     adw-scaffold-hook 1 empty=hooks,hooks.Stop+ set=env.X:6b86b273 url=http://127.0.0.1:8765
 */
import { createHash } from "node:crypto";

export interface Marker {
  /**
   * Objects and lists that were there already, and empty: `.` is the whole file.
   * With a `+` where a line break was added inside.
   */
  empty: readonly string[];
  /** Other settings of the file that were made. */
  set: readonly MadeSetting[];
  /** The server that is named in them. */
  url?: string;
}

export interface MadeSetting {
  /** Such as `env.X`; with a `+` one that hooks of others need too. */
  path: string;
  /** Of the value, by which one is known that a person has edited since. */
  digest: string;
}

export function digestOf(value: unknown): string {
  const text = JSON.stringify(value);
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

const PATTERN = /\badw-scaffold-hook \d+(?: [a-z]+=[^\s;"']*)*/;

export function markerText({ empty, set, url = "" }: Marker): string {
  return [
    "adw-scaffold-hook 1",
    ...(empty.length === 0 ? [] : [`empty=${empty.join(",")}`]),
    ...(set.length === 0
      ? []
      : [
          `set=${set.map(({ path, digest }) => `${path}:${digest}`).join(",")}`,
        ]),
    ...(url === "" ? [] : [`url=${encoded(url)}`]),
  ].join(" ");
}

/** Without anything that ends a word, or says something to a shell. */
function encoded(url: string): string {
  return url.replaceAll(/[^\w.:/~-]/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
      .join(""),
  );
}

/** As it stands where somebody has broken it. */
function decoded(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}

/** undefined for a text that is not ours. */
export function readMarker(text: string): Marker | undefined {
  const found = PATTERN.exec(text)?.[0];
  if (found === undefined) return undefined;
  const word = (name: string) =>
    new RegExp(` ${name}=(\\S*)`).exec(found)?.[1] ?? "";
  const list = (name: string) =>
    word(name)
      .split(",")
      .filter((path) => path !== "");
  const url = decoded(word("url"));
  return {
    empty: list("empty"),
    set: list("set").map((entry) => {
      const [path = "", digest = ""] = entry.split(":");
      return { path, digest };
    }),
    ...(url === "" ? {} : { url }),
  };
}

/** Where a handler that has no command has it. */
export const MARKER_HEADER = "X-Adw-Hook";

/** The marker of a handler, which is an object of an agent's settings. */
export function markerOf(handler: unknown): Marker | undefined {
  if (typeof handler !== "object" || handler === null) return undefined;
  const command: unknown = Reflect.get(handler, "command");
  if (typeof command === "string") return readMarker(command);
  const headers: unknown = Reflect.get(handler, "headers");
  if (typeof headers !== "object" || headers === null) return undefined;
  const header: unknown = Reflect.get(headers, MARKER_HEADER);
  return typeof header === "string" ? readMarker(header) : undefined;
}

/** A handler as text, the same whatever its marker remembers. */
export function withoutMarker(handler: unknown): string {
  return JSON.stringify(handler).replace(PATTERN, "adw-scaffold-hook");
}
