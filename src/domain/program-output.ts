import { fileURLToPath } from "node:url";

/** What a program that ended said last: the message, without where it was thrown. */
export function lastLines(text: string): string {
  return text
    .split("\n")
    .filter((line) => !/^\s*(?:at .*|Node\.js v.*)?$/.test(line))
    .slice(-3)
    .join(" ");
}

/** A message with the first place in a TypeScript file that the stack names, where it names none itself. */
export function withPlace(message: string, stack: string): string {
  const found =
    /(?:^|\(|\bat )(file:\/\/\/.+?|\/.+?|[A-Za-z]:\\.+?)(\.[cm]?ts):(\d+)/m.exec(
      stack,
    );
  if (found === null) return message;
  const [, start = "", end = "", line = ""] = found;
  const file = start.startsWith("file:")
    ? fileURLToPath(start + end)
    : start + end;
  return message.includes(file) ? message : `${message} at ${file}:${line}`;
}
