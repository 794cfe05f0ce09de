/** Quotes a path for a POSIX shell when it needs it. */
export function shellWord(text: string): string {
  return /^[\w./@:+-]+$/.test(text)
    ? text
    : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
