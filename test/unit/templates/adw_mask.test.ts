import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  MASK,
  maskText,
  maskValue,
} from "../../../templates/adws/adw_modules/adw_mask.ts";

const ROOT = resolve(__dirname, "../../..");
/** They hold what looks like secrets on purpose. */
const SECRETIVE =
  /[/\\]generated[/\\]|adw_mask\.ts$|live-check|[/\\]tests?[/\\]|\.test\./;

function linesOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder), {
    recursive: true,
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => /\.(?:ts|tsx|c?js|mjs|sql|css)$/.test(path))
    .filter((path) => !SECRETIVE.test(path) && statSync(path).size < 200_000)
    .flatMap((path) => readFileSync(path, "utf8").split("\n"));
}

test.each([
  "templates",
  "src",
  "dashboard/src",
  "scripts",
  "node_modules/ws",
  "node_modules/yargs",
  "node_modules/semver",
  "node_modules/diff",
])("masks nothing in ordinary code: %s", (folder) => {
  const lines = linesOf(folder);
  expect(lines.length).toBeGreaterThan(100);
  expect(lines.filter((line) => maskText(line) !== line)).toEqual([]);
});

test.each([
  "{ token: task.token, secret: readSecret }",
  "function f({ token }: { token: () => string }) {}",
  "secret: readonly string[],",
  "<Form onToken={onToken} password={value} />",
  "headers: { Authorization: `Bearer ${token}` }",
  'new WebSocket(url, ["adw.v1", `adw.token.${token}`])',
  'InvalidToken: "comments are not allowed here",',
  "export TOKEN=$(cat .token)",
  "const apiKey = readKeyFromFileSha256(path);",
  "`mongodb://${user}:${password}@${host}`",
  "curl --token $TOKEN --password <password>",
  "open #token=… in a browser",
])("leaves %s alone", (line) => {
  expect(maskText(line)).toBe(line);
});

test("says how much it masked", () => {
  let masked = 0;
  maskValue(
    { password: "a", text: "PASSWORD=hunter22", nested: ["harmless"] },
    "",
    () => (masked += 1),
  );
  expect(masked).toBe(2);
  // Each of a kind, and none for two patterns that both know it.
  maskValue(
    `PASSWORD=hunter22 PASSWORD=${["cor", "rect"].join("")}horse`,
    "",
    () => (masked += 1),
  );
  expect(masked).toBe(4);
  expect(maskValue({ apiKey: "x" })).toEqual({ apiKey: MASK });
});

test.each([
  ["db:\n  user: ada\n  password: correcthorse\n", "correcthorse"],
  ["- token: letmeinplease", "letmeinplease"],
  ["api_key: open_sesame_now", "open_sesame_now"],
])("masks a word in a line of YAML: %j", (text, secret) => {
  expect(maskText(text)).not.toContain(secret);
});
