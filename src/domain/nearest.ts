import { closest, distance } from "fastest-levenshtein";

/**
 * The known name that the user most likely meant, or undefined when none is
 * near enough (more than a third of the letters wrong). Case does not count, and
 * the last part of a name stands for it: `port` for `websocket-port`, `server`
 * for `adw_server`.
 */
export function nearest(
  name: string,
  known: readonly string[],
): string | undefined {
  if (name === "" || known.length === 0) return undefined;
  const lower = name.toLowerCase();
  const same = known.find((candidate) => candidate.toLowerCase() === lower);
  if (same !== undefined) return same;
  const ending = known.find(
    (candidate) =>
      candidate.endsWith(`-${lower}`) || candidate.endsWith(`_${lower}`),
  );
  if (ending !== undefined) return ending;
  const candidate = closest(name, known);
  const limit = Math.max(2, Math.ceil(name.length / 3));
  return distance(name, candidate) <= limit ? candidate : undefined;
}

/** `Did you mean "x"?`, or the list of what there is. */
export function suggestion(name: string, known: readonly string[]): string {
  const match = nearest(name, known);
  return match === undefined
    ? `Known: ${known.join(", ")}.`
    : `Did you mean "${match}"?`;
}
