/** Names in a row, the first of them, and how many more there are. */
export function listed(names: readonly string[], shown = 8): string {
  const more = names.length - shown;
  return more > 0
    ? `${names.slice(0, shown).join(", ")} and ${more} more`
    : names.join(", ");
}
