/**
 * The shapes that real TypeScript projects have, each with its own package manager,
 * compiler and tools (fixtures/projects): after `init`, the project's own type check
 * passes, and so does that of adws/; nothing else of the project has changed.
 */
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { pack, REPOSITORY } from "../../helpers/packed.ts";
import {
  endAllProcesses,
  run,
  runOrThrow,
  strangersEnvironment,
} from "../../helpers/processes.ts";
import {
  hashFolder,
  sharedTemporaryFolder,
} from "../../helpers/temporary-folder.ts";

const MINUTE = 60_000;
jest.setTimeout(10 * MINUTE);

const folder = sharedTemporaryFolder();
const tools = () => join(folder(), "tools");

/** Each package manager from npm: nothing is taken from the machine. */
const MANAGERS: Readonly<Record<string, readonly string[]>> = {
  npm: [],
  pnpm: ["pnpm@latest"],
  yarn: ["yarn@1"],
  "yarn-modern": ["@yarnpkg/cli-dist@4"],
  bun: ["bun@1"],
};

// One that cannot be installed fails here, by name: no shape is left out in silence.
beforeAll(async () => {
  const { tarball } = await pack(folder());
  const install = async (name: string, packages: readonly string[]) => {
    const home = join(tools(), name);
    await mkdir(home, { recursive: true });
    if (packages.length > 0)
      await runOrThrow("npm", ["install", ...packages], { cwd: home });
  };
  await install("adw-scaffold", [tarball]);
  for (const [name, packages] of Object.entries(MANAGERS))
    await install(name, packages);
});

afterEach(endAllProcesses);

interface Shape {
  name: string;
  /** Folder in fixtures/projects. */
  fixture: string;
  /** Key of {@link MANAGERS}. */
  manager: string;
  command: "npm" | "pnpm" | "yarn" | "bun";
  lockfile: string;
  /** The package in it that is scaffolded. */
  at?: string;
  /** Done to the copy before anything is installed. */
  prepare?: (root: string) => Promise<void>;
  /** What stderr must say; without it, no warning at all. */
  warning?: RegExp;
  /** Flags for init. */
  flags?: readonly string[];
  /** Scripts that must still pass. */
  scripts?: readonly string[];
}

const SHAPES: readonly Shape[] = [
  {
    name: "npm",
    fixture: "npm",
    manager: "npm",
    command: "npm",
    lockfile: "package-lock.json",
  },
  {
    name: "a package of a pnpm workspace",
    fixture: "pnpm-workspace",
    manager: "pnpm",
    command: "pnpm",
    lockfile: "pnpm-lock.yaml",
    at: "packages/desk",
  },
  {
    name: "yarn 1",
    fixture: "yarn",
    manager: "yarn",
    command: "yarn",
    lockfile: "yarn.lock",
  },
  {
    name: "yarn 4 with node_modules",
    fixture: "yarn-modern",
    manager: "yarn-modern",
    command: "yarn",
    lockfile: "yarn.lock",
    prepare: (root) => writeFile(join(root, "yarn.lock"), ""),
  },
  {
    name: "bun",
    fixture: "bun",
    manager: "bun",
    command: "bun",
    lockfile: "bun.lock",
  },
  {
    name: "CommonJS",
    fixture: "commonjs",
    manager: "npm",
    command: "npm",
    lockfile: "package-lock.json",
    // Both drivers, whichever of them this Node would choose.
    flags: ["--sqlite-driver", "node:sqlite"],
    scripts: ["build"],
  },
  {
    name: "strict, with its own eslint and prettier",
    fixture: "strict",
    manager: "npm",
    command: "npm",
    lockfile: "package-lock.json",
    flags: ["--sqlite-driver", "better-sqlite3"],
    scripts: ["lint", "format:check"],
  },
  {
    name: "a git repository with uncommitted work",
    fixture: "npm",
    manager: "npm",
    command: "npm",
    lockfile: "package-lock.json",
    prepare: makeDirty,
    warning:
      /^warning uncommitted changes in package\.json: git cannot bring them back\.$/m,
  },
  {
    name: "Windows line ends",
    fixture: "npm",
    manager: "npm",
    command: "npm",
    lockfile: "package-lock.json",
    prepare: toWindows,
  },
];

/** Everything is committed, and then package.json and the code are changed. */
async function makeDirty(root: string): Promise<void> {
  const git = (...parameters: string[]) =>
    runOrThrow(
      "git",
      [
        "-c",
        "user.name=Owner",
        "-c",
        "user.email=o@example.org",
        ...parameters,
      ],
      { cwd: root },
    );
  await writeFile(join(root, ".gitignore"), "node_modules/\n");
  await git("init", "--quiet");
  await git("add", ".");
  await git("commit", "--quiet", "-m", "Start");
  const manifest = join(root, "package.json");
  await writeFile(
    manifest,
    (await readFile(manifest, "utf8")).replace("1.0.0", "1.0.1"),
  );
  await writeFile(join(root, "src/new.ts"), "export {};\n");
}

/** As git checks it out on Windows, by default. */
async function toWindows(root: string): Promise<void> {
  for (const path of ["package.json", "tsconfig.json", "src/index.ts"]) {
    const text = await readFile(join(root, path), "utf8");
    await writeFile(join(root, path), text.replaceAll("\n", "\r\n"));
  }
}

describe.each(SHAPES)("$name", (shape) => {
  const { command, lockfile, at = "." } = shape;
  const root = () => join(folder(), shape.name.replaceAll(/\W+/g, "-"));
  const home = () => join(root(), at);
  const env = () => ({
    PATH: [
      join(tools(), shape.manager, "node_modules/.bin"),
      strangersEnvironment()["PATH"],
    ].join(delimiter),
    // A new yarn would write into the home folder, and refuse new files in CI.
    YARN_ENABLE_GLOBAL_CACHE: "false",
    YARN_ENABLE_IMMUTABLE_INSTALLS: "false",
    YARN_ENABLE_TELEMETRY: "false",
  });
  const inShape = (program: string, ...parameters: string[]) =>
    runOrThrow(program, parameters, {
      cwd: home(),
      env: env(),
      timeoutMs: 5 * MINUTE,
    });
  const adwScaffold = (...parameters: string[]) =>
    run(
      process.execPath,
      [
        join(tools(), "adw-scaffold/node_modules/.bin/adw-scaffold"),
        ...parameters,
      ],
      { cwd: home(), env: env(), timeoutMs: 5 * MINUTE },
    );
  const script = (name: string) => inShape(command, "run", name);

  beforeAll(async () => {
    await cp(join(REPOSITORY, "fixtures/projects", shape.fixture), root(), {
      recursive: true,
    });
    await shape.prepare?.(root());
    await runOrThrow(command, ["install"], {
      cwd: root(),
      env: env(),
      timeoutMs: 5 * MINUTE,
    });
  });

  test(`its type check passes before and after init --yes, which installs with ${command}`, async () => {
    await script("types");
    const before = await hashFolder(root());
    const { code, stderr } = await adwScaffold(
      "init",
      "--yes",
      ...(shape.flags ?? []),
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toMatch(
      new RegExp(
        `with ${command} \\((${lockfile} is here|\\S*${lockfile} is above|packageManager in package\\.json)\\)`,
      ),
    );
    if (shape.warning === undefined) expect(stderr).not.toContain("warning");
    else expect(stderr).toMatch(shape.warning);
    await script("types");

    const after = await hashFolder(root());
    const changed = Object.keys(before).filter(
      (path) => before[path] !== after[path] && !path.startsWith(".yarn/"),
    );
    const allowed = new Set([
      lockfile,
      join(at, "package.json"),
      join(at, "tsconfig.json"),
      // One line each: adws/ is left out, and the lock is quiet in a review.
      join(at, "eslint.config.js"),
      ".gitattributes",
    ]);
    expect(changed.filter((path) => !allowed.has(path))).toEqual([]);
    const created = Object.keys(after).filter(
      (path) =>
        !(path in before) &&
        !path.startsWith(join(at, "adws/")) &&
        !path.startsWith(".yarn/") &&
        !allowed.has(path),
    );
    expect(created.toSorted()).toEqual(
      ["adw.config.json", "adw.lock.json"].map((path) => join(at, path)),
    );
  });

  test("adws/ passes the project's own compiler", async () => {
    const own = join(home(), "node_modules/.bin/tsc");
    const shared = join(root(), "node_modules/.bin/tsc");
    const compiler = existsSync(own) ? own : shared;
    expect(await inShape(compiler, "-p", "adws")).toMatchObject({ code: 0 });
  });

  for (const name of shape.scripts ?? []) {
    test(`its script ${name} still passes`, async () => {
      expect(await script(name)).toMatchObject({ code: 0 });
    });
  }

  test("check is in sync, and a second init changes nothing", async () => {
    expect(await adwScaffold("check")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^In sync \d+ files\n$/),
    });
    const before = await hashFolder(root());
    const { code, stdout } = await adwScaffold("init", "--yes");
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Up to date/),
    });
    expect(await hashFolder(root())).toEqual(before);
  });
});

test("files with Windows line ends keep them", async () => {
  const root = join(folder(), "Windows-line-ends");
  for (const path of ["package.json", "tsconfig.json", "src/index.ts"]) {
    const text = await readFile(join(root, path), "utf8");
    expect(text.replaceAll("\r\n", "")).not.toContain("\n");
    expect(text).toContain("\r\n");
  }
});
