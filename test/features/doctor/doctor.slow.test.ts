/** `doctor` says what is so: each finding, and its advice typed, after which it is gone. */
import { spawnSync } from "node:child_process";
import { chmod, mkdir, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import {
  ON_ANY_NODE,
  OUR_PACKAGES,
  examine as examineProject,
  initWithPackages,
  unhealthy,
} from "../../helpers/doctor.ts";
import { CLI, runCli } from "../../helpers/cli.ts";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
import {
  projectAt,
  type TemplateProject,
} from "../../helpers/template-project.ts";

jest.setTimeout(180_000);

const folder = temporaryFolder();
let project: TemplateProject;

beforeEach(async () => {
  project = projectAt(folder());
  await mkdir(join(folder(), ".git"));
  await project.write("package.json", '{ "name": "host" }\n');
  await project.write("adw.config.json", '{ "websocket_port": 0 }\n');
});

const OF_NODE_22 = [
  "--typescript-runner",
  "node",
  "--sqlite-driver",
  "node:sqlite",
];

/** A project with the server, whose packages are this repository's. */
async function withServer(
  parameters: readonly string[] = [],
  environment: readonly string[] = ON_ANY_NODE,
): Promise<void> {
  await initWithPackages(
    project,
    OUR_PACKAGES,
    ...(parameters.includes("--modules") ? [] : ["--modules", "adw_server"]),
    ...environment,
    ...parameters,
  );
}

/** A merge left conflict markers in the server. */
async function markServer(): Promise<void> {
  const text = await project.read("adws/adw_server.ts");
  await project.write(
    "adws/adw_server.ts",
    `<<<<<<< yours\n${text}=======\n>>>>>>> theirs\n`,
  );
}

const examine = (...parameters: string[]) =>
  examineProject(project, ...parameters);

/** Types the advice in a shell, as its reader would. */
function type(fix = ""): void {
  const [, command = ""] =
    /(?:Run|or|run): (.*?)(?: Or: .*)?$/.exec(fix) ??
    /(adw-scaffold [^,]*)/.exec(fix) ??
    [];
  const words = command
    .replace(
      /^adw-scaffold (init|add|update)/,
      `"${process.execPath}" "${CLI}" $1 --no-install --yes`,
    )
    .replace(/^adw-scaffold/, `"${process.execPath}" "${CLI}"`);
  expect(words).not.toBe("");
  const { status, stderr } = spawnSync(words, {
    cwd: folder(),
    shell: true,
    encoding: "utf8",
  });
  expect({ words, status, stderr }).toMatchObject({ status: 0 });
}

describe("what cannot be loaded is named with its place", () => {
  test.each([
    ["adws/adw_server.ts", 'throw new Error("boom");\n', /Error: boom at /],
    [
      "adws/adw_modules/adw_events.ts",
      'throw new Error("boom");\n',
      /boom at /,
    ],
    ["adws/adw_modules/adw_websockets/server.ts", "const = 1;\n", /: /],
  ])("%s: %s", async (path, code, message) => {
    await withServer();
    const text = await project.read(path);
    await project.write(path, text + code);
    const { problems } = await examine();
    const load = problems.find(({ check }) => check === "load");
    expect(load?.message).toMatch(message);
    const line = text.split("\n").length;
    expect(load?.message).toContain(`${join(folder(), path)}:${line}`);
  });
});

describe("plain doctor knows what check knows", () => {
  test("a required file gone is unhealthy, and the advice brings it back", async () => {
    await withServer();
    await project.remove("adws/adw_modules/adw_database/tables.ts");
    const found = await examine();
    expect(found).toEqual(
      unhealthy({
        check: "files",
        message: "missing: adws/adw_modules/adw_database/tables.ts",
      }),
    );
    type(found.problems[0]?.fix);
    expect(await examine()).toMatchObject({ code: 0, problems: [] });
  });

  test("conflict markers in adw_server.ts are unhealthy", async () => {
    await withServer();
    await markServer();
    expect(await examine()).toMatchObject({
      code: 1,
      problems: [
        {
          check: "files",
          message: "conflict markers are left in adws/adw_server.ts",
        },
      ],
    });
  });
});

test("a lock that lost a module's entries is a finding, and so is one of a newer version", async () => {
  await withServer();
  const recorded = await project.read("adw.lock.json");
  const lock: {
    written_by: string;
    modules: Record<string, { version: string }>;
    files: Record<string, { module: string }>;
  } = JSON.parse(recorded);
  const newer = structuredClone(lock);
  newer.written_by = "99.0.0";
  for (const entry of Object.values(newer.modules)) entry.version = "99.0.0";
  await project.write("adw.lock.json", JSON.stringify(newer));
  expect(await examine()).toMatchObject({
    code: 1,
    problems: [
      {
        check: "lock",
        message: expect.stringContaining("a newer version"),
        fix: "Run: npx adw-scaffold@99.0.0 doctor",
      },
    ],
  });

  delete lock.modules["adw_websockets"];
  delete lock.files["adws/adw_modules/adw_websockets.ts"];
  await project.write("adw.lock.json", JSON.stringify(lock));
  await project.remove("adws/adw_modules/adw_database/tables.ts");
  const { code, problems } = await examine();
  expect({ code, problems }).toMatchObject({
    code: 1,
    problems: [
      {
        check: "lock",
        message: expect.stringContaining(
          "adw.lock.json has no entry for adws/adw_modules/adw_websockets.ts",
        ),
      },
      {
        check: "files",
        message: "missing: adws/adw_modules/adw_database/tables.ts",
      },
    ],
  });
  for (const { fix } of problems) type(fix);
  expect(await examine()).toMatchObject({ code: 0, problems: [] });
});

test("without a lock, conflict markers and a file that is gone are said all the same", async () => {
  await withServer();
  await project.remove("adw.lock.json");
  await project.remove("adws/adw_modules/adw_database/tables.ts");
  await markServer();
  expect(await examine()).toMatchObject({
    code: 1,
    problems: [
      { check: "lock", message: "there is no adw.lock.json" },
      {
        check: "files",
        message:
          "missing: adws/adw_modules/adw_database/tables.ts; conflict markers are left in adws/adw_server.ts",
      },
    ],
  });
});

describe("plain doctor loads what the server loads", () => {
  test("parts of a module that only a thread can load are not loaded by themselves", async () => {
    await withServer(["--modules", "adw_server,adw_logging"]);
    expect(await examine()).toMatchObject({ code: 0, problems: [] });
  });

  test("an edit that does not load is named", async () => {
    await withServer();
    await project.edit(
      "adws/adw_modules/adw_database/tables.ts",
      'from "./connection.ts";\nimport type',
      'from "./connection_of_mine.ts";\nimport type',
    );
    const { code, problems } = await examine();
    expect({ code, problems }).toEqual({
      code: 1,
      problems: [
        expect.objectContaining({
          check: "load",
          message: expect.stringContaining("connection_of_mine"),
        }),
      ],
    });
  });

  test.each([
    ["not built", "Could not locate the bindings file. Tried: …"],
    [
      "built for another Node",
      "was compiled against a different Node.js version using NODE_MODULE_VERSION 127.",
    ],
  ])("better-sqlite3 %s, with the command that builds it", async (_, words) => {
    await project.done(
      "init",
      "--yes",
      "--modules",
      "adw_database",
      "--typescript-runner",
      "tsx",
      "--sqlite-driver",
      "better-sqlite3",
    );
    // A driver of that version whose native half fails as Node makes it fail.
    await project.write(
      "node_modules/better-sqlite3/package.json",
      '{ "name": "better-sqlite3", "version": "12.11.1" }',
    );
    await project.write(
      "node_modules/better-sqlite3/index.js",
      `module.exports = class { constructor() { throw new Error(${JSON.stringify(words)}); } };`,
    );
    for (const name of ["zod", "tsx", "@types"]) {
      await symlink(
        join(OUR_PACKAGES, name),
        join(folder(), "node_modules", name),
      );
    }
    const { code, problems } = await examine();
    expect({ code, problems }).toEqual({
      code: 1,
      problems: [
        {
          check: "load",
          status: "problem",
          message: `better-sqlite3 is not built for Node ${process.versions.node}`,
          fix: expect.stringMatching(
            /^Run: (npm install-scripts approve better-sqlite3 && )?npm rebuild better-sqlite3 --ignore-scripts=false$/,
          ),
        },
      ],
    });
    // npm 12 runs no script that is not approved.
    await project.write("bin/npm", "#!/bin/sh\necho 12.2.1\n");
    await chmod(join(folder(), "bin/npm"), 0o755);
    const modern = await runCli(["doctor"], folder(), {
      PATH: `${join(folder(), "bin")}:${process.env["PATH"]}`,
    });
    expect(modern.stdout).toContain(
      "Run: npm install-scripts approve better-sqlite3 && npm rebuild better-sqlite3 --ignore-scripts=false\n",
    );
    const advised = async (file: string, text: string) => {
      await project.write(file, text);
      const { problems: found } = await examine();
      await project.remove(file);
      return found[0]?.fix;
    };
    expect(await advised("pnpm-lock.yaml", "")).toBe(
      "Run: pnpm rebuild better-sqlite3",
    );
    expect(await advised("bun.lock", "")).toBe(
      "Run: bun pm trust better-sqlite3",
    );
  });
});

const onNode20 = process.versions.node.startsWith("20.");

(onNode20 ? describe : describe.skip)("a project of Node 22 on Node 20", () => {
  test("needs both settings, named at once", async () => {
    await withServer([], OF_NODE_22);
    const { problems } = await examine();
    expect(problems).toEqual([
      {
        check: "node",
        status: "problem",
        message: `Node ${process.versions.node} has no node:sqlite and does not run .ts files by itself`,
        fix: "Use Node 22.18 or later, or: adw-scaffold init --sqlite-driver better-sqlite3 --typescript-runner tsx",
      },
    ]);
    type(problems[0]?.fix);
    expect(await examine()).toMatchObject({ code: 0, problems: [] });
  });
});

test("database files and backups that other users can read; the advice closes them", async () => {
  await withServer([
    "--adws-dir",
    "tools/adws",
    "--database-path",
    "data/runs.db",
  ]);
  const names = [
    "data/runs.db",
    "data/runs.db-wal",
    "data/runs.db-shm",
    "data/runs.db.backup-v1-2026-1",
  ];
  for (const name of names) {
    await project.write(name, "");
    await chmod(join(folder(), name), 0o644);
  }
  const { code, problems } = await examine();
  expect({ code, problems }).toEqual({
    code: 1,
    problems: [
      expect.objectContaining({
        check: "private",
        message: `readable by other users: ${names.join(", ")}`,
      }),
    ],
  });
  type(problems[0]?.fix);
  for (const name of names) {
    expect((await stat(join(folder(), name))).mode & 0o777).toBe(0o600);
  }
  expect(await examine()).toMatchObject({ code: 0, problems: [] });
});

test("TypeScript older than 5.8 in the host is a finding", async () => {
  await project.write(
    "package.json",
    '{ "name": "host", "devDependencies": { "typescript": "5.6.3" } }\n',
  );
  await project.done("init", "--yes", "--modules", "adw_websocket_client");
  await project.write(
    "node_modules/typescript/package.json",
    '{ "name": "typescript", "version": "5.6.3" }',
  );
  const { code, problems } = await examine();
  expect(code).toBe(1);
  expect(problems).toContainEqual({
    check: "typescript",
    status: "problem",
    message:
      "TypeScript 5.6.3 cannot check adws/: its tsconfig.json needs 5.8 or later",
    fix: "Run: npm install -D typescript@^5.8.0",
  });
});

test("zod 3 that came later: the advice is not the install that changes nothing", async () => {
  await project.done("init", "--yes", "--modules", "orch_database_models");
  const manifest = JSON.parse(await project.read("package.json"));
  manifest.dependencies.zod = "^3.22.0";
  await project.write("package.json", JSON.stringify(manifest));
  await project.write(
    "node_modules/zod/package.json",
    '{ "name": "zod", "version": "3.22.4" }',
  );
  const { problems } = await examine();
  expect(problems).toContainEqual(
    expect.objectContaining({
      check: "dependencies",
      message: expect.stringContaining("zod is too old: 3.22.4 is installed"),
      fix: "Run: npm install zod@^3.25.0",
    }),
  );
});

test("a folder without a project, and a broken package.json: exit code 1 and what is wrong", async () => {
  const { code, problems } = await examine();
  expect({ code, problems }).toEqual({
    code: 1,
    problems: [
      expect.objectContaining({ message: "no modules are installed here" }),
    ],
  });
  await project.done("init", "--yes", "--modules", "adw_websocket_client");
  await project.write("package.json", '{\n  "name": \n}\n');
  const broken = await examine();
  expect(broken.code).toBe(1);
  expect(broken.problems).toContainEqual(
    expect.objectContaining({
      check: "dependencies",
      message: expect.stringMatching(/not valid JSON.*\(package\.json:/),
    }),
  );
});

describe("--live starts the server that is installed", () => {
  test("adw_server.ts, in another adws_dir, and touches nothing of its owner's", async () => {
    await withServer(["--adws-dir", "tools/adws"]);
    // What a hook has put there is for the server that people start.
    await project.write("tools/adws/.adw_spool/new/claude.1", "{}\n");
    const before = await hashFolder(folder());
    const { code, live } = await examine("--live");
    expect(live?.filter(({ ok }) => !ok)).toEqual([]);
    expect(live?.map(({ step }) => step)).toEqual([
      "starts on a free port",
      "greets a client",
      "delivers a broadcast",
      "refuses a wrong token",
      "refuses a foreign Origin",
      "resumes without a gap",
      "serves the page",
      "stops, and frees the port",
    ]);
    expect(code).toBe(0);
    expect(await hashFolder(folder())).toEqual(before);
  });

  test("an adw_server.ts that does not start says why", async () => {
    await withServer();
    await project.write(
      "adws/adw_server.ts",
      'if (!process.argv.includes("--help")) throw new Error("broken by an edit");\n',
    );
    const { code, live, problems } = await examine("--live");
    expect({ code, problems }).toEqual({ code: 1, problems: [] });
    expect(live).toEqual([
      {
        step: "runs at all",
        ok: false,
        detail: expect.stringContaining("broken by an edit"),
      },
    ]);
  });
});
