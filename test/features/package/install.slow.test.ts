/** The tarball in the hands of a stranger: an empty folder, npm, and nothing else. */
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pack, REPOSITORY } from "../../helpers/packed.ts";
import { endAllProcesses, run, runOrThrow } from "../../helpers/processes.ts";
import {
  GOOD_STREAM,
  greetingOf,
  playDemo,
  probeStream,
  scaffoldedProject,
  startAdwServer,
  storedToken,
} from "../../helpers/streaming-project.ts";
import {
  hashFolder,
  sharedTemporaryFolder,
} from "../../helpers/temporary-folder.ts";

jest.setTimeout(400_000);

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const hasNodeSqlite = major > 22 || (major === 22 && minor >= 13);

const folder = sharedTemporaryFolder();
/** The project that the tests share, in the order they stand here. */
const project = () => join(folder(), "project");
const npx = (...parameters: string[]) =>
  run("npx", ["adw-scaffold", ...parameters], { cwd: project() });

beforeAll(async () => {
  const { tarball } = await pack(folder());
  await mkdir(project());
  await runOrThrow("npm", ["install", tarball], { cwd: project() });
});

afterEach(endAllProcesses);

describe("in an empty folder", () => {
  test("npx adw-scaffold init --yes scaffolds and installs, without a terminal and without a question", async () => {
    const { code, stdout, stderr } = await npx("init", "--yes");
    expect({ code, stderr: withoutNpmWarnings(stderr) }).toEqual({
      code: 0,
      stderr: expect.stringMatching(
        /^Installing ws, .* with npm \(package-lock\.json is here\) …\nInstalled ws, .*\n$/,
      ),
    });
    expect(stdout).toContain("create    adws/adw_server.ts");
    expect(stdout).toContain("npm run adw:server");
    expect(stdout).not.toContain("install the dependencies");
    const manifest = JSON.parse(
      await readFile(join(project(), "package.json"), "utf8"),
    );
    expect(Object.keys(manifest.scripts)).toEqual(["adw:server"]);
    // In their place, as npm itself sorts them.
    expect(Object.keys(manifest.dependencies)).toEqual([
      "adw-scaffold",
      ...(hasNodeSqlite ? [] : ["better-sqlite3"]),
      "protobufjs",
      "ws",
      "zod",
    ]);
    expect(await readdir(join(project(), "node_modules"))).toContain("ws");
  });

  test("a second run changes nothing", async () => {
    const before = await hashFolder(project());
    const { code, stdout } = await npx("init", "--yes");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining("Up to date"),
    });
    expect(await hashFolder(project())).toEqual(before);
  });

  test("the rendered code type-checks there with the folder's own tsconfig", async () => {
    const { code, stdout } = await run(
      process.execPath,
      [join(REPOSITORY, "node_modules/typescript/bin/tsc"), "-p", "adws"],
      { cwd: project() },
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  });

  test("npm run adw:server starts, and lets in who has the printed token", async () => {
    const scaffolded = await scaffoldedProject(project());
    const server = await startAdwServer(scaffolded, [
      "npm",
      "run",
      "adw:server",
      "--",
    ]);
    try {
      expect(await greetingOf(server)).toMatchObject({
        type: "connection_established",
        protocol: 1,
      });
      await expect(greetingOf({ ...server, token: "guessed" })).rejects.toThrow(
        "Unexpected server response: 401",
      );
      expect(await storedToken(project())).toEqual({
        token: server.token,
        mode: "600",
      });
    } finally {
      await server.process.kill();
    }
  });

  test("the token stays the same, is kept out of git, and SIGTERM ends the server with 0", async () => {
    const { token } = await storedToken(project());
    const server = await startAdwServer(await scaffoldedProject(project()));
    expect(server.token).toBe(token);
    expect(await greetingOf(server)).toMatchObject({
      type: "connection_established",
    });
    const { code, stderr } = await server.process.signal("SIGTERM");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    await runOrThrow("git", ["init", "--quiet"], { cwd: project() });
    const ignored = await run("git", ["check-ignore", "adws/.adw_token"], {
      cwd: project(),
    });
    expect(ignored.code).toBe(0);
  });

  test("the rendered server streams to plain and to rendered clients, and they resume", async () => {
    expect(
      await probeStream(await scaffoldedProject(project()), REPOSITORY),
    ).toMatchObject(GOOD_STREAM);
  });

  test("adw-scaffold demo receives every event that it sends", async () => {
    const { code, sent, received } = await playDemo(
      await scaffoldedProject(project()),
      2,
    );
    expect(code).toBe(0);
    expect(sent).toBeGreaterThan(0);
    expect(received).toBe(sent);
  });

  test("the TypeScript of the README and of the API's page type-checks there, and the latter runs", async () => {
    const blocks: string[] = [];
    for (const page of ["README.md", "docs/api.md"]) {
      const text = await readFile(join(REPOSITORY, page), "utf8");
      for (const [, block = ""] of text.matchAll(/```ts\n([\s\S]*?)```/g)) {
        const file = `${page.replaceAll(/\W+/g, "-")}-${blocks.length}.mts`;
        blocks.push(file);
        await writeFile(join(project(), file), block);
      }
    }
    expect(blocks.length).toBeGreaterThan(8);
    await writeFile(
      join(project(), "tsconfig.blocks.json"),
      JSON.stringify({
        compilerOptions: {
          target: "es2022",
          module: "nodenext",
          strict: true,
          exactOptionalPropertyTypes: true,
          allowImportingTsExtensions: true,
          noEmit: true,
          skipLibCheck: true,
          types: ["node"],
        },
        files: blocks,
      }),
    );
    const { code, stdout } = await run(
      process.execPath,
      [
        join(REPOSITORY, "node_modules/typescript/bin/tsc"),
        "-p",
        "tsconfig.blocks.json",
      ],
      { cwd: project() },
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    // The examples work on the folder they are started in.
    const root = join(project(), "examples");
    await mkdir(root);
    for (const file of blocks.filter((name) => name.startsWith("docs-api"))) {
      await runOrThrow(
        join(REPOSITORY, "node_modules/.bin/tsx"),
        [join(project(), file)],
        {
          cwd: root,
        },
      );
    }
    for (const file of [...blocks, "tsconfig.blocks.json", "examples"])
      await rm(join(project(), file), { recursive: true });
  });

  test("add installs what it needs", async () => {
    // Not below the project: that one would be meant.
    const other = join(folder(), "other");
    await mkdir(other);
    const added = await npx("add", "adw_websockets", "--cwd", other);
    expect(withoutNpmWarnings(added.stderr)).toContain("Installed ws");
    expect(added).toMatchObject({ code: 0 });
    const manifest = JSON.parse(
      await readFile(join(other, "package.json"), "utf8"),
    );
    expect(Object.keys(manifest.dependencies)).toEqual(["ws"]);
    expect(manifest.scripts).toBeUndefined();
  });
});

/** npm may have something to say about its own settings. */
function withoutNpmWarnings(text: string): string {
  return text
    .split("\n")
    .filter((line) => !line.startsWith("npm "))
    .join("\n");
}
