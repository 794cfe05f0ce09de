/** `doctor`: each problem with its fix, what --fix fixes, and the live check. */
import { execFileSync } from "node:child_process";
import { chmod, mkdir, stat, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { runCli } from "../../helpers/cli.ts";
import {
  ON_ANY_NODE,
  OUR_PACKAGES,
  examine as examineProject,
  initWithPackages,
  unhealthy,
} from "../../helpers/doctor.ts";
import { quickPackages } from "../../helpers/packages.ts";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
import {
  projectAt,
  type TemplateProject,
} from "../../helpers/template-project.ts";

jest.setTimeout(120_000);

const packages = quickPackages();
const folder = temporaryFolder();
let project: TemplateProject;

/** A healthy project: this Node runs it, and its packages are installed. */
beforeEach(async () => {
  project = projectAt(folder());
  await project.write("package.json", '{ "name": "host" }\n');
  await project.write("adw.config.json", '{ "websocket_port": 0 }\n');
  await initWithPackages(
    project,
    packages(),
    "--modules",
    "adw_websockets",
    ...ON_ANY_NODE,
  );
});

const examine = (...parameters: string[]) =>
  examineProject(project, ...parameters);

const HEALTHY = { code: 0, healthy: true, problems: [], fixed: [] };

test("a healthy project: every check is named, exit code 0, nothing is written", async () => {
  // With tsx itself; the other tests have the quick one.
  await project.remove("node_modules");
  await symlink(OUR_PACKAGES, join(folder(), "node_modules"));
  const before = await hashFolder(folder());
  const { code, stdout, stderr } = await project.run("doctor");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const names = stdout.match(/^ {2}ok {7}\w+/gm)?.map((line) => line.slice(11));
  expect(names).toEqual([
    "transaction",
    "config",
    "node",
    "dependencies",
    "typescript",
    "lock",
    "files",
    "load",
    "port",
    "tsconfig",
    "token",
    "private",
    "database",
  ]);
  expect(stdout).toMatch(/\nHealthy\n$/);
  expect(await hashFolder(folder())).toEqual(before);
  expect(await examine("--fix")).toEqual(HEALTHY);
  expect(await hashFolder(folder())).toEqual(before);
});

test("without modules: how to start", async () => {
  await project.write("adw.config.json", "{}\n");
  const { problems } = await examine();
  expect(problems).toContainEqual({
    check: "config",
    status: "problem",
    message: "no modules are installed here",
    fix: "Run: adw-scaffold init",
  });
});

test("a broken configuration, with its place", async () => {
  await project.write("adw.config.json", '{\n  "websocket_port": 80\n}\n');
  expect(await examine()).toEqual(
    unhealthy({
      check: "config",
      message: expect.stringMatching(
        /^websocket_port must be a port .* \(adw\.config\.json:2:21\)$/,
      ),
    }),
  );
});

test("a dependency that package.json lacks; --fix adds it", async () => {
  await project.edit("package.json", '"ws"', '"not-ws"');
  expect(await examine()).toEqual(
    unhealthy({
      check: "dependencies",
      message: "package.json lacks ws",
      fix: expect.stringContaining("adw-scaffold doctor --fix"),
    }),
  );
  const { code, fixed } = await examine("--fix");
  expect({ code, fixed }).toEqual({
    code: 0,
    fixed: [
      expect.objectContaining({
        check: "dependencies",
        message:
          "added ws to package.json; install them with your package manager",
      }),
    ],
  });
  expect(
    JSON.parse(await project.read("package.json")).dependencies,
  ).toHaveProperty("ws", "^8.21.0");
  expect(await examine()).toEqual(HEALTHY);
});

test("packages that are missing, or too old", async () => {
  await project.remove("node_modules");
  await project.write(
    "node_modules/ws/package.json",
    '{ "version": "7.5.10" }',
  );
  const { problems } = await examine();
  expect(problems).toEqual([
    {
      check: "dependencies",
      status: "problem",
      message: expect.stringContaining(
        "ws 7.5.10 is installed, and 8.0.0 is needed",
      ),
      fix: "Run: npm i",
    },
  ]);
  expect(problems[0]?.message).toMatch(/^not installed: .*@types\/ws.*; ws 7/);
});

test("a lock that is missing, or does not match", async () => {
  const text = await project.read("adw.lock.json");
  await project.write(
    "adw.lock.json",
    text.replace(/"sha256": "[0-9a-f]{8}/, '"sha256": "00000000'),
  );
  expect(await examine()).toEqual(
    unhealthy({
      check: "lock",
      message: expect.stringMatching(/does not match its sha256$/),
      fix: expect.stringContaining("Restore adw.lock.json"),
    }),
  );
  await project.remove("adw.lock.json");
  expect(await examine()).toEqual(
    unhealthy({
      check: "lock",
      message: "there is no adw.lock.json",
      fix: "Run adw-scaffold update: it records the files again and keeps your edits.",
    }),
  );
});

test.each<[string, string, string, string]>([
  ["adws/package.json", "", "files", "adws/package.json is empty"],
  [
    "adws/package.json",
    '{ "type": "module",\n',
    "files",
    "adws/package.json:2:1 is not valid JSON",
  ],
  ["adws/.adw_token", "\n", "token", "adws/.adw_token must hold 8 to 512"],
  [
    "adws/.adw_ingest_token",
    "secret+/=\n",
    "token",
    "adws/.adw_ingest_token must hold 8 to 512",
  ],
  [
    "tsconfig.json",
    '{\n<<<<<<< ours\n  "include": ["src"]\n',
    "tsconfig",
    "tsconfig.json cannot be read",
  ],
  [
    "tsconfig.json",
    '{ "exclude": "dist" }\n',
    "tsconfig",
    'tsconfig.json includes adws/, and its "exclude" is not a list',
  ],
])("%s that holds %j is a finding", async (path, text, check, message) => {
  await project.write(path, text);
  await chmod(join(folder(), path), 0o600);
  expect(await examine()).toEqual(
    unhealthy({ check, message: expect.stringContaining(message) }),
  );
});

test("a folder or a link where a file belongs is a finding, and the other checks go on", async () => {
  await project.remove("adws/adw_modules/adw_events.ts");
  await mkdir(join(folder(), "adws/adw_modules/adw_events.ts"));
  await mkdir(join(folder(), "adws/.adw_token"));
  const { code, problems } = await examine();
  expect({ code, problems }).toEqual({
    code: 1,
    problems: [
      expect.objectContaining({
        check: "files",
        message: expect.stringContaining("adw_events.ts exists and is not a"),
      }),
      expect.objectContaining({
        check: "token",
        message: expect.stringContaining(".adw_token exists and is not a"),
      }),
    ],
  });
});

test.each([
  ["no database", "not a database at all\n"],
  ["a folder", null],
])("%s in the place of the database is a finding", async (_, text) => {
  await project.done("init", "--yes", "--modules", "adw_database");
  const path = "adws/schema/orchestrator.db";
  if (text === null) await mkdir(join(folder(), path));
  else await project.write(path, text);
  await chmod(join(folder(), path), 0o600);
  expect(await examine()).toEqual(
    unhealthy({
      check: "database",
      message: expect.stringContaining(`${path} is not an SQLite database`),
    }),
  );
});

test("conflict markers in a generated page are a finding, and so is one that is empty", async () => {
  await project.done("init", "--yes", "--modules", "adw_dashboard");
  const page = "adws/adw_dashboard/index.html";
  const text = await project.read(page);
  for (const [edited, message] of [
    [
      `<<<<<<< ours\n${text}=======\n${text}>>>>>>> theirs\n`,
      `conflict markers are left in ${page}`,
    ],
    ["", `${page} is empty`],
  ] as const) {
    await project.write(page, edited);
    expect(await examine()).toEqual(unhealthy({ check: "files", message }));
  }
});

test("a secret that git has, or would take, is a finding; the advice takes it out", async () => {
  const git = (...parameters: string[]) =>
    execFileSync("git", parameters, { cwd: folder(), encoding: "utf8" });
  git("init", "--quiet");
  const token = "adws/.adw_token";
  await project.write(token, "12345678\n");
  await chmod(join(folder(), token), 0o600);
  expect(await examine()).toEqual(HEALTHY);
  const ignored = await project.read("adws/.gitignore");
  const exposed = unhealthy({
    check: "private",
    message: `git has, or would take, what is private: ${token}`,
    fix: expect.stringContaining(`git rm -r --cached`),
  });
  await project.write("adws/.gitignore", "# mine\n");
  expect(await examine()).toEqual(exposed);
  git("add", token);
  await project.write("adws/.gitignore", ignored);
  expect(await examine()).toEqual(exposed);
  git("rm", "-r", "--cached", "--ignore-unmatch", token);
  expect(await examine()).toEqual(HEALTHY);
});

test("a port that is in use", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  try {
    await project.configure({ websocket_port: port });
    expect(await examine()).toEqual(
      unhealthy({
        check: "port",
        message: `127.0.0.1:${port} is in use`,
        fix: expect.stringContaining("adw-scaffold init --websocket-port"),
      }),
    );
  } finally {
    server.close();
  }
});

test("a tsconfig that includes the folder; --fix excludes it and keeps the comments", async () => {
  await project.write(
    "tsconfig.json",
    '{\n  // ours\n  "compilerOptions": { "outDir": "dist" },\n}\n',
  );
  expect(await examine()).toEqual(
    unhealthy({
      check: "tsconfig",
      message:
        "tsconfig.json includes adws/, which has a tsconfig.json of its own",
      // What TypeScript left out by itself, the output, goes on being left out.
      fix: expect.stringContaining(
        'In tsconfig.json, set "exclude" to ["node_modules","dist","adws"].',
      ),
    }),
  );
  expect((await examine("--fix")).code).toBe(0);
  const text = await project.read("tsconfig.json");
  expect(text).toContain("// ours");
  expect(text).toMatch(
    /"exclude": \[\s*"node_modules",\s*"dist",\s*"adws"\s*\]/,
  );
  expect(await examine()).toEqual(HEALTHY);
});

test("a tsconfig that would include only a file that is not there is no problem", async () => {
  await project.write("tsconfig.json", '{ "include": ["src", "adws/*.ts"] }\n');
  expect(await examine()).toEqual(HEALTHY);
});

test("a token file that others can read; --fix closes it, and follows no link", async () => {
  await project.write("adws/.adw_token", "secret\n");
  await chmod(join(folder(), "adws/.adw_token"), 0o644);
  expect(await examine()).toEqual(
    unhealthy({
      check: "token",
      message: "adws/.adw_token can be read by others",
      fix: expect.stringContaining("chmod 600 adws/.adw_token"),
    }),
  );
  expect((await examine("--fix")).code).toBe(0);
  const { mode } = await stat(join(folder(), "adws/.adw_token"));
  expect(mode & 0o777).toBe(0o600);
});

test("bound to the network without a token", async () => {
  await project.configure({ websocket_host: "0.0.0.0" });
  expect(await examine()).toEqual(
    unhealthy({
      check: "token",
      message:
        "websocket_host is 0.0.0.0, which others can reach, and no token is set",
      fix: "Set ADW_TOKEN, or start adw_server once: it makes a token.",
    }),
  );
  const { code } = await runCli(["doctor"], folder(), { ADW_TOKEN: "x" });
  expect(code).toBe(0);
});

test("a run that was interrupted; --fix finishes it", async () => {
  await project.write(
    ".adw-scaffold-transaction/journal.json",
    JSON.stringify({
      pid: 2 ** 22 + 1,
      entries: [{ path: "x.txt", kind: "write", existed: false }],
      newDirectories: [],
    }),
  );
  await project.write(".adw-scaffold-transaction/new/0", "x");
  expect(await examine()).toEqual(
    unhealthy({
      check: "transaction",
      message: "an interrupted run was not finished",
    }),
  );
  expect((await examine("--fix")).fixed).toEqual([
    expect.objectContaining({ message: "an interrupted run was completed" }),
  ]);
  expect(await project.read("x.txt")).toBe("x");
});

describe("--live: your own copy, edits included", () => {
  const STEPS = [
    "starts on a free port",
    "greets a client",
    "delivers a broadcast",
    "refuses a wrong token",
    "refuses a foreign Origin",
    "resumes without a gap",
    "stops, and frees the port",
  ];
  const SERVER = "adws/adw_modules/adw_websockets.ts";
  const live = async () => {
    const { code, stdout } = await project.run("doctor", "--live", "--json");
    const report: {
      healthy: boolean;
      live: { step: string; ok: boolean; detail: string }[];
    } = JSON.parse(stdout);
    return { code, ...report };
  };

  test("an untouched copy holds in every step", async () => {
    const { code, live: steps } = await live();
    expect({ code, steps: steps.map(({ step }) => step) }).toEqual({
      code: 0,
      steps: STEPS,
    });
    expect(steps.filter(({ ok }) => !ok)).toEqual([]);
    const { stdout } = await project.run("doctor", "--live");
    expect(stdout).toContain("held     refuses a wrong token  401\n");
  });

  test("a copy whose token check was edited away fails, and the step says so", async () => {
    await project.edit(
      "adws/adw_modules/adw_websockets/access.ts",
      "timingSafeEqual(digest(token), tokenDigest)",
      "digest(token).length === tokenDigest.length",
    );
    const { code, healthy, live: steps } = await live();
    expect({ code, healthy }).toEqual({ code: 1, healthy: false });
    expect(steps.filter(({ ok }) => !ok)).toEqual([
      { step: "refuses a wrong token", ok: false, detail: "it was let in" },
    ]);
    const { stdout } = await project.run("doctor", "--live");
    expect(stdout).toMatch(
      /FAILED {3}refuses a wrong token {2}it was let in\n/,
    );
    expect(stdout).toMatch(/\nUnhealthy\n$/);
  });

  test("a copy that does not run says why", async () => {
    await project.write(SERVER, 'throw new Error("broken by an edit");\n');
    const { code, live: steps } = await live();
    expect(code).toBe(1);
    expect(steps).toEqual([
      {
        step: "runs at all",
        ok: false,
        detail: expect.stringContaining("broken by an edit"),
      },
    ]);
  });

  test("without a server there is nothing to try", async () => {
    await project.remove(SERVER);
    const { code, stderr } = await project.run("doctor", "--live");
    expect(code).toBe(1);
    expect(stderr).toContain(
      "error SERVER_MISSING there is no adws/adw_modules/adw_websockets.ts\n  → Add it first: adw-scaffold add adw_websockets\n",
    );
  });
});

test("a link in the place of the token file is not followed", async () => {
  await mkdir(join(folder(), "elsewhere"));
  await project.write("elsewhere/secret", "x");
  await chmod(join(folder(), "elsewhere/secret"), 0o644);
  await symlink("../elsewhere/secret", join(folder(), "adws/.adw_token"));
  const { code, stdout } = await project.run("doctor", "--fix");
  expect(code).toBe(1);
  expect(stdout).toContain(
    "refusing to write through the symbolic link adws/.adw_token",
  );
  expect((await stat(join(folder(), "elsewhere/secret"))).mode & 0o777).toBe(
    0o644,
  );
});
