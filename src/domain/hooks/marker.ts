/**
 * What tells a handler of ours from others in an agent's settings, and what
 * `uninstall` has to know to leave a file as it was: it stands in the handler
 * itself, so that a copied or moved file still has it.
 *
 *     adw-scaffold-hook 1 empty=hooks,hooks.Stop+ set=env.X,env.Y url=http://127.0.0.1:8765
 */

export interface Marker {
  /**
   * Objects and lists that were there already, and empty: `.` is the whole file.
   * With a `+` where a line break was added inside.
   */
  empty: readonly string[];
  /** Other settings of the file that were made; with a `+` one that hooks of others need too. */
  set: readonly string[];
  /** The server that is named in them. */
  url?: string;
}

const PATTERN = /\badw-scaffold-hook \d+(?: [a-z]+=[^\s;"']*)*/;

export function markerText({ empty, set, url = "" }: Marker): string {
  return [
    "adw-scaffold-hook 1",
    ...(empty.length === 0 ? [] : [`empty=${empty.join(",")}`]),
    ...(set.length === 0 ? [] : [`set=${set.join(",")}`]),
    ...(url === "" ? [] : [`url=${url}`]),
  ].join(" ");
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
  const url = word("url");
  return {
    empty: list("empty"),
    set: list("set"),
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
