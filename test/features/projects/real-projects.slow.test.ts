/**
 * `init --yes` in projects that other people's tools made. Afterwards the
 * project still builds, nothing of it has changed but what was announced, and
 * the server starts and streams there.
 */
import { cp, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { pack, REPOSITORY } from "../../helpers/packed.ts";
import {
  endAllProcesses,
  run,
  runOrThrow,
  start,
  strangersEnvironment,
  type ProcessResult,
} from "../../helpers/processes.ts";
import {
  GOOD_STREAM,
  greetingOf,
  playDemo,
  probeStream,
  scaffoldedProject,
  startAdwServer,
} from "../../helpers/streaming-project.ts";
import {
  hashFolder,
  sharedTemporaryFolder,
} from "../../helpers/temporary-folder.ts";

const MINUTE = 60_000;
jest.setTimeout(5 * MINUTE);

const folder = sharedTemporaryFolder();
const cli = () => join(folder(), "tool/node_modules/.bin/adw-scaffold");

beforeAll(async () => {
  const { tarball } = await pack(folder());
  const tool = join(folder(), "tool");
  await mkdir(tool);
  await runOrThrow("npm", ["install", tarball], { cwd: tool });
});

afterEach(endAllProcesses);

const npm = (cwd: string, ...parameters: string[]) =>
  runOrThrow("npm", parameters, { cwd, timeoutMs: 3 * MINUTE });

const fixture = (name: string) => join(REPOSITORY, "fixtures/projects", name);

interface Initialised extends ProcessResult {
  /** Files of the project that are not as they were, package.json apart. */
  changed: string[];
  /** Files that are new, those below the rendered folder apart. */
  created: string[];
}

/** Runs `init --yes` in a package and compares the whole project with before. */
async function init(
  root: string,
  { at = ".", env = {} }: { at?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Initialised> {
  const manifest = join(root, at, "package.json");
  const before = await hashFolder(root);
  const textBefore = await readFile(manifest, "utf8");
  const result = await run(process.execPath, [cli(), "init", "--yes"], {
    cwd: join(root, at),
    env,
    timeoutMs: 3 * MINUTE,
  });
  const after = await hashFolder(root);
  expectOnlyAdditions(textBefore, await readFile(manifest, "utf8"));
  return {
    ...result,
    changed: Object.keys(before).filter(
      (path) =>
        before[path] !== after[path] && path !== join(at, "package.json"),
    ),
    created: Object.keys(after)
      .filter((path) => !(path in before))
      .map((path) =>
        path.replace(new RegExp(`^${join(at, "adws/")}.*`), "adws/"),
      )
      .filter((path, index, all) => all.indexOf(path) === index)
      .toSorted((a, b) => a.localeCompare(b)),
  };
}

/** Every line of the manifest is still there, in order; only a comma may have come. */
function expectOnlyAdditions(before: string, after: string): void {
  const lines = after.split("\n").map((line) => line.replace(/,$/, ""));
  let from = 0;
  for (const line of before.split("\n")) {
    const found = lines.indexOf(line.replace(/,$/, ""), from);
    if (found === -1)
      throw new Error(`package.json has lost: ${line}\n${after}`);
    from = found + 1;
  }
  const { scripts } = JSON.parse(after);
  expect(scripts).toMatchObject({
    "adw:server": expect.stringContaining("adws/adw_server.ts"),
  });
}

const ANNOUNCED = ["adw.config.json", "adw.lock.json", "adws/"];

/** What {@link tryStreaming} sees when everything is as it should be. */
const STREAMING = {
  greeting: expect.objectContaining({ type: "connection_established" }),
  exitCode: 0,
  probe: expect.objectContaining(GOOD_STREAM),
  demo: { exitCode: 0, lost: 0 },
};

/** Starts and stops the rendered server, streams through it, and plays the demo. */
async function tryStreaming(root: string) {
  const project = await scaffoldedProject(root);
  const server = await startAdwServer(project);
  const greeting = await greetingOf(server);
  const { code } = await server.process.signal("SIGTERM");
  const demo = await playDemo(project, 1);
  return {
    greeting,
    exitCode: code,
    probe: await probeStream(project, REPOSITORY),
    demo: { exitCode: demo.code, lost: demo.sent - demo.received },
  };
}

describe.each([
  ["vanilla-ts", ["build"], ["package-lock.json"]],
  // Its linter is told, in one line, to leave out what is generated.
  ["react-ts", ["build", "lint"], [".oxlintrc.json", "package-lock.json"]],
])("create-vite %s", (template, scripts, changed) => {
  const root = () => join(folder(), template);

  // Made by its own tool.
  beforeAll(async () => {
    await runOrThrow(
      "npx",
      ["--yes", "create-vite@9", template, "--template", template],
      { cwd: folder(), timeoutMs: 3 * MINUTE },
    );
    await npm(root(), "install");
  });

  test(`init --yes touches package.json, ${changed.join(", ")}, and nothing else`, async () => {
    expect(await init(root())).toMatchObject({
      code: 0,
      changed,
      created: ANNOUNCED,
    });
  });

  test.each(scripts)("npm run %s still passes", async (script) => {
    const { code } = await npm(root(), "run", script);
    expect(code).toBe(0);
  });

  test("the server starts and streams", async () => {
    expect(await tryStreaming(root())).toEqual(STREAMING);
  });

  test("a second init changes nothing", async () => {
    expect(await init(root())).toMatchObject({
      code: 0,
      changed: [],
      created: [],
    });
  });
});

describe("express-generator (CommonJS)", () => {
  const root = () => join(folder(), "express");

  // Made by its own tool.
  beforeAll(async () => {
    await runOrThrow(
      "npx",
      ["--yes", "express-generator@4", "--no-view", "express"],
      { cwd: folder(), timeoutMs: 3 * MINUTE },
    );
    await npm(root(), "install");
  });

  test("init --yes touches nothing but package.json and the lockfile", async () => {
    expect(await init(root())).toMatchObject({
      code: 0,
      changed: ["package-lock.json"],
      created: ANNOUNCED,
    });
  });

  test("the application still serves its page", async () => {
    const port = await freePort();
    const application = start("npm", ["start"], {
      cwd: root(),
      env: { PORT: String(port) },
    });
    await application.seen(/node \.\/bin\/www/);
    const page = await eventually(() => fetch(`http://127.0.0.1:${port}/`));
    expect(await page.text()).toContain("Welcome to Express");
  });

  test("the server starts and streams", async () => {
    expect(await tryStreaming(root())).toEqual(STREAMING);
  });
});

describe("npm init -y (CommonJS)", () => {
  const root = () => join(folder(), "bare");

  test("init --yes adds what is announced, and CommonJS code goes on working", async () => {
    await mkdir(root());
    await npm(root(), "init", "-y");
    await writeFile(
      join(root(), "index.js"),
      'console.log(require("node:path").basename(__filename));\n',
    );
    expect(await init(root())).toMatchObject({
      code: 0,
      changed: [],
      created: [...ANNOUNCED, "package-lock.json"],
    });
    const { type = "commonjs" } = JSON.parse(
      await readFile(join(root(), "package.json"), "utf8"),
    );
    expect(type).toBe("commonjs");
    const { stdout } = await runOrThrow(process.execPath, ["index.js"], {
      cwd: root(),
    });
    expect(stdout).toBe("index.js\n");
  });

  test("the server starts and streams", async () => {
    expect(await tryStreaming(root())).toEqual(STREAMING);
  });
});

describe("a package of an npm workspace", () => {
  const root = () => join(folder(), "workspace");

  test("init --yes writes into the package; npm installs at the root", async () => {
    await cp(fixture("workspace"), root(), { recursive: true });
    await npm(root(), "install");
    const result = await init(root(), { at: "packages/app" });
    expect(result).toMatchObject({
      code: 0,
      changed: ["package-lock.json"],
      created: [
        "adws/",
        "packages/app/adw.config.json",
        "packages/app/adw.lock.json",
      ],
    });
    expect(result.stderr).toContain(
      `with npm (${join(root(), "package-lock.json")} is above)`,
    );
    expect(await readdir(join(root(), "node_modules"))).toContain("ws");
  });

  test("the workspace's own tests still pass", async () => {
    const { stdout } = await npm(root(), "test");
    expect(stdout).toContain("hello workspace");
  });

  test("the server starts and streams", async () => {
    expect(await tryStreaming(join(root(), "packages/app"))).toEqual(STREAMING);
  });
});

describe("a project with a prettier configuration of its own", () => {
  const root = () => join(folder(), "prettier");

  test("rendered files are formatted its way, and its format check still passes", async () => {
    await cp(fixture("prettier"), root(), { recursive: true });
    await npm(root(), "install");
    expect(await init(root())).toMatchObject({
      code: 0,
      changed: ["package-lock.json"],
    });
    const code = await readFile(
      join(root(), "adws/adw_modules/adw_websockets.ts"),
      "utf8",
    );
    expect(code).toMatch(/from '\.\/adw_events\.ts'\n/);
    await npm(root(), "run", "format:check");
  });

  test("a second init changes nothing", async () => {
    expect(await init(root())).toMatchObject({
      code: 0,
      changed: [],
      created: [],
    });
  });

  test("the server starts and streams", async () => {
    expect(await tryStreaming(root())).toEqual(STREAMING);
  });
});

describe.each([
  ["pnpm@latest", "pnpm", "pnpm-lock.yaml"],
  ["pnpm@10", "pnpm", "pnpm-lock.yaml"],
  ["yarn@1", "yarn", "yarn.lock"],
  ["bun@1", "bun", "bun.lock"],
])("a project of %s", (manager, command, lockfile) => {
  const root = () => join(folder(), `with-${manager}`);
  const tools = () => join(folder(), `tools-${manager}`);
  const env = () => ({
    PATH: [
      join(tools(), "node_modules/.bin"),
      strangersEnvironment()["PATH"],
    ].join(delimiter),
  });

  test(`is known by its ${lockfile}, and ${command} installs`, async () => {
    await mkdir(tools());
    await npm(tools(), "install", manager);
    await mkdir(root());
    await writeFile(
      join(root(), "package.json"),
      '{\n  "name": "host",\n  "version": "1.0.0",\n  "private": true\n}\n',
    );
    await runOrThrow(command, ["add", "picocolors"], {
      cwd: root(),
      env: env(),
    });
    const result = await init(root(), { env: env() });
    expect(result).toMatchObject({
      code: 0,
      changed: [lockfile],
      created: ANNOUNCED,
    });
    expect(result.stderr).toContain(`with ${command} (${lockfile} is here)`);
    expect(result.stdout).toContain(
      command === "yarn" ? "yarn adw:server" : `${command} run adw:server`,
    );
    expect(await readFile(join(root(), lockfile), "utf8")).toContain("ws@");
    // pnpm builds nothing that its user has not approved; on Node 20 that is the driver.
    const isBuilt = command !== "pnpm" || hasSqlite();
    expect(result.stdout.includes("pnpm approve-builds")).toBe(!isBuilt);
    if (isBuilt) return;
    const refused = await run(command, ["run", "adw:server"], {
      cwd: root(),
      env: env(),
    });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(
      `better-sqlite3 is not built for Node ${process.versions.node}: "npx adw-scaffold doctor" says how to build it here`,
    );
    await runOrThrow(command, ["approve-builds", "--all"], {
      cwd: root(),
      env: env(),
      timeoutMs: 3 * MINUTE,
    });
    expect((await init(root(), { env: env() })).stdout).not.toContain(
      "approve-builds",
    );
  });

  test("the server starts and streams", async () => {
    expect(await tryStreaming(root())).toEqual(STREAMING);
  });
});

/** Whether this Node has an SQLite of its own, so that nothing needs to be built. */
function hasSqlite(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 13);
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === "object" && address !== null)
          resolve(address.port);
        else reject(new Error("no port"));
      });
    });
  });
}

/** Tries until it works: an application that does not say when it listens. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + 20_000; ;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
