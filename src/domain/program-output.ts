/** What a program that ended said last: the message, without where it was thrown. */
export function lastLines(text: string): string {
  return text
    .split("\n")
    .filter((line) => !/^\s*(?:at .*|Node\.js v.*)?$/.test(line))
    .slice(-3)
    .join(" ");
}
