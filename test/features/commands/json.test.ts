/** What a script relies on: with --json, one object with the keys that docs/cli.md lists. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCli } from "../../helpers/cli.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const folder = temporaryFolder();

/** One row of the table, as the keys it promises; those ending in ? are not always there. */
async function documentedKeys(command: string): Promise<string[]> {
  const page = await readFile(join(__dirname, "../../../docs/cli.md"), "utf8");
  const row = page
    .split("\n")
    .find(
      (line) =>
        line.startsWith("|") && line.split("|")[1]?.includes(`\`${command}\``),
    );
  const cell = row?.split("|")[2] ?? "";
  // What stands in braces are the keys of the objects in a list.
  return [...cell.replaceAll(/`\{[^`]*\}\[\]`/g, "").matchAll(/`(\w+)`/g)].map(
    ([, key = ""]) => key,
  );
}

async function json(...parameters: string[]) {
  const { stdout, stderr } = await runCli([...parameters, "--json"], folder());
  expect(stderr).toBe("");
  expect(stdout.endsWith("\n")).toBe(true);
  expect(stdout.trimEnd()).not.toContain("\n");
  return JSON.parse(stdout);
}

test("every command prints one object with the documented keys", async () => {
  const objects = {
    add: await json(
      "add",
      "adw_websockets",
      "adw_websocket_client",
      "--no-install",
    ),
    init: await json("init", "--dry-run"),
    list: await json("list"),
    "render --out": await json("render", "adw_websockets", "--out", "out"),
    check: await json("check"),
    diff: await json("diff"),
    update: await json("update"),
    remove: await json("remove", "adw_websocket_client"),
  };
  for (const [command, object] of Object.entries(objects)) {
    expect([command, Object.keys(object).toSorted()]).toEqual([
      command,
      (await documentedKeys(command)).toSorted(),
    ]);
    expect(object.command).toBe(command.split(" ")[0]);
  }
  const { findings, ...doctor } = await json("doctor");
  expect(Object.keys(doctor)).toEqual(["command", "target", "healthy"]);
  expect(Object.keys(findings[0])).toEqual(["check", "status", "message"]);
});

test("the keys of package_json are the documented ones", async () => {
  const page = await readFile(join(__dirname, "../../../docs/cli.md"), "utf8");
  const line = /- `package_json`: (.*)/.exec(page)?.[1] ?? "";
  const documented = [
    ...line.replaceAll(/`\{[^`]*\}\[\]`/g, "").matchAll(/`(\w+)`/g),
  ].map(([, key]) => key);
  const { package_json } = await json("init", "--dry-run");
  expect(Object.keys(package_json).toSorted()).toEqual(documented.toSorted());
});

test("a note is in the object: standard error holds an error, or nothing", async () => {
  await writeFile(
    join(folder(), "package.json"),
    '{ "dependencies": { "ws": "^7.0.0" } }\n',
  );
  const { notes } = await json(
    "add",
    "adw_websockets",
    "--no-install",
    "--force",
  );
  expect(notes).toContainEqual(expect.stringContaining("ws"));
});
