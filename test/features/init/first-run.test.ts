/** What strangers' projects make of the first run: doubled keys, foreign scripts, old TypeScript, a slow registry. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runCli } from "../../helpers/cli.ts";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";

jest.setTimeout(60_000);

const folder = temporaryFolder();
const INIT = ["init", "--yes", "--modules", "adw_server"];

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder(), path)), { recursive: true });
  await writeFile(join(folder(), path), text);
}

const run = (...parameters: string[]) => runCli(parameters, folder());

test.each([
  [
    "package.json",
    '{\n  "name": "host",\n  "scripts": { "a": "1" },\n  "scripts": { "b": "2" }\n}\n',
    "scripts",
    "4:3",
  ],
  [
    "adw.config.json",
    '{\n  "websocket_port": 9001,\n  "websocket_port": 9002\n}\n',
    "websocket_port",
    "3:3",
  ],
  [
    "adw.lock.json",
    '{ "lockfile_version": 1, "files": {}, "files": {} }\n',
    "files",
    "1:39",
  ],
])(
  "%s with a key twice is refused with its place, and nothing is lost",
  async (path, text, key, place) => {
    await write(path, text);
    const before = await hashFolder(folder());
    const { code, stderr } = await run(...INIT, "--no-install");
    expect(code).toBe(2);
    expect(stderr).toContain(
      `error JSON_DUPLICATE_KEY "${key}" appears twice in the same object`,
    );
    expect(stderr).toContain(`at ${path}:${place}`);
    expect(await hashFolder(folder())).toEqual(before);
  },
);

test("the same key in two objects, in a string or in a list is no duplicate", async () => {
  await write(
    "package.json",
    '{ "name": "host", "a": { "x": 1 }, "b": [{ "x": 1 }, { "x": "{\\"x\\":1,\\"x\\":2}" }] }\n',
  );
  expect((await run(...INIT, "--no-install")).code).toBe(0);
});

test("a foreign adw:server script is kept, and the next steps show what starts the server instead", async () => {
  await write(
    "package.json",
    JSON.stringify({ name: "host", scripts: { "adw:server": "echo mine" } }),
  );
  const { stdout } = await run(
    ...INIT,
    "--no-install",
    "--typescript-runner",
    "node",
  );
  const next = stdout.slice(stdout.indexOf("\nNext\n"));
  expect(next).not.toContain("run adw:server");
  expect(next).toMatch(
    /^ {2}node .*adws\/adw_server\.ts {2}start the server$/m,
  );
  expect(
    JSON.parse(await readFile(join(folder(), "package.json"), "utf8")).scripts[
      "adw:server"
    ],
  ).toBe("echo mine");
});

test.each([
  ["5.7.3", true],
  ["4.9.5", true],
  ["5.8.2", false],
  ["7.0.2", false],
])(
  "TypeScript %s in the host: a note with the command: %s",
  async (version, isTold) => {
    await write("package.json", '{ "name": "host" }\n');
    await write("pnpm-lock.yaml", "");
    await write(
      "node_modules/typescript/package.json",
      JSON.stringify({ name: "typescript", version }),
    );
    const { stderr } = await run(...INIT, "--no-install");
    expect(stderr.includes(`TypeScript ${version} is installed here`)).toBe(
      isTold,
    );
    expect(stderr.includes("pnpm add -D typescript@^5.8.0")).toBe(isTold);
    const { findings } = JSON.parse((await run("doctor", "--json")).stdout);
    expect(
      findings.find(({ check }: { check: string }) => check === "typescript"),
    ).toMatchObject({
      status: isTold ? "problem" : "ok",
    });
  },
);

test("while npm waits for a registry, what it says is shown, and how to go on", async () => {
  await write("package.json", '{ "name": "host" }\n');
  await write(
    "bin/npm",
    "#!/bin/sh\necho 'npm http fetch GET attempt 1 failed with ECONNREFUSED' >&2\nsleep 2\n",
  );
  await chmod(join(folder(), "bin/npm"), 0o755);
  const { code, stderr } = await runCli(
    [...INIT, "--package-manager", "npm"],
    folder(),
    {
      PATH: `${join(folder(), "bin")}:${process.env["PATH"] ?? ""}`,
      ADW_INSTALL_PATIENCE_MS: "500",
    },
  );
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stderr).toMatch(
    /npm is still running after \d+ s; its last output: npm http fetch GET attempt 1 failed with ECONNREFUSED\. Ctrl-C stops it: the files are written, and npm i installs later\./,
  );
});

test.each([
  ["adw.lock.json", "{}"],
  ["adw.lock.json", '{ "lockfile_version": 1 }'],
  [
    "adw.lock.json",
    '{ "lockfile_version": 1, "modules": 1, "files": [], "added_dependencies": {} }',
  ],
  [
    "adw.lock.json",
    '{ "lockfile_version": 1, "modules": {}, "files": { "a": { "module": 1 } }, "added_dependencies": {} }',
  ],
  ["adw.config.json", "7"],
  [
    "adw.config.json",
    '{ "modules": [7], "websocket_port": "x", "package_manager": "foo" }',
  ],
  [
    "adw.config.json",
    '{ "modules": {}, "allowed_origins": ["x"], "adws_dir": "../x" }',
  ],
  ["own/manifest.json", "[]"],
  ["own/manifest.json", '{ "modules": [{}] }'],
  [
    "own/manifest.json",
    '{ "modules": [{ "name": "a", "files": 1, "scripts": [], "x": 1 }] }',
  ],
  ["package.json", '{ "scripts": [] }'],
  ["package.json", "7"],
])("%s with %s is refused in our words", async (path, text) => {
  await write("adw.config.json", '{ "templates_dir": "own" }\n');
  await write("own/manifest.json", '{ "modules": [] }\n');
  await write(path, text);
  const { code, stderr } = await run(...INIT, "--no-install");
  expect({ stderr, code }).toMatchObject({ code: 2 });
  expect(stderr).not.toMatch(
    /Expected|Received|received|Invalid|unexpectedly|undefined|INTERNAL/,
  );
});
