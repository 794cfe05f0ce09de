/**
 * Upgrades across real versions of our own templates: a project that an earlier
 * release wrote (fixtures/releases) and its owner has worked in since.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY } from "../../helpers/packed.ts";
import { run } from "../../helpers/processes.ts";
import {
  FROZEN_VERSIONS,
  releasedProject as releasedAt,
} from "../../helpers/releases.ts";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
import {
  projectAt,
  type TemplateProject,
} from "../../helpers/template-project.ts";

jest.setTimeout(120_000);

/** The last state in which server and dashboard were a few large files. */
const BEFORE_ROOMS = "0.1.0-alpha.3";

const folder = temporaryFolder();
const SERVER = "adws/adw_server.ts";
const WEBSOCKETS = "adws/adw_modules/adw_websockets.ts";
const DASHBOARD = "adws/adw_modules/adw_dashboard.ts";
const LOGGING = "adws/adw_modules/adw_logging.ts";
const QUEUE = "adws/adw_modules/adw_logging/queue.ts";
const REPORT = "adws/adw_modules/adw_logging/report.ts";
const PAGE = "adws/adw_dashboard/index.html";
const FLEET_VIEW = "adws/adw_dashboard/views/fleet.js";
const STYLES = "adws/adw_dashboard/styles/base.css";
const DEMO_FLEET = "adws/adw_demo/fleet.ts";
const DEMO_VIEW = "adws/adw_demo/terminal_view.ts";
const SCHEMA = "adws/schema/adw.config.schema.json";
const RETIRED_NOTE =
  "note adw_demo is not a module any more, and is taken out. Instead: npx adw-scaffold demo";

/** A copy of a frozen release, with the packages that it needs. */
async function releasedProject(version: string): Promise<TemplateProject> {
  const project = await releasedAt(folder(), version);
  await symlink(
    join(REPOSITORY, "node_modules"),
    join(folder(), "node_modules"),
  );
  await project.write("src/index.ts", "export const desk = 1;\n");
  return project;
}

/** What the project's own compiler says, about its own code and about adws/. */
async function typeErrors(): Promise<string> {
  const compiler = join(REPOSITORY, "node_modules/typescript/bin/tsc");
  const results = await Promise.all(
    ["tsconfig.json", "adws"].map((project) =>
      run(process.execPath, [compiler, "--noEmit", "-p", project], {
        cwd: folder(),
      }),
    ),
  );
  return results.map(({ code, stdout }) => `${code}${stdout}`).join("\n");
}
const NO_TYPE_ERRORS = "0\n0";

const known = new Map<string, Promise<Map<string, string>>>();

/** Today's texts under the release's settings, from an untouched update. */
function todaysTexts(version: string): Promise<Map<string, string>> {
  const texts = known.get(version) ?? updatedTexts(version);
  known.set(version, texts);
  return texts;
}

async function updatedTexts(version: string): Promise<Map<string, string>> {
  const root = join(folder(), "untouched");
  const copy = await releasedAt(root, version);
  await copy.done("update");
  const { files } = JSON.parse(await copy.read("adw.lock.json"));
  const texts = new Map<string, string>();
  for (const path of Object.keys(files)) texts.set(path, await copy.read(path));
  await rm(root, { recursive: true });
  return texts;
}

/** What the lock says, without the compressed texts: these may differ in their bytes. */
async function lockedTexts(project: TemplateProject) {
  const { modules, files } = JSON.parse(await project.read("adw.lock.json"));
  const digests: [string, string][] = [];
  for (const [path, { sha256 }] of Object.entries<{ sha256: string }>(files))
    digests.push([path, sha256]);
  return { modules, digests };
}

/** The files that a report names with a word, such as "conflict". */
const named = (word: string, report: string): string[] =>
  [...report.matchAll(new RegExp(`^ {2}${word} +(\\S+)`, "gm"))]
    .map(([, path = ""]) => path)
    .toSorted();

const CONFLICT =
  /<<<<<<< yours\n([^]*?)\|{7} as rendered before\n([^]*?)=======\n([^]*?)>>>>>>> new template\n/g;

describe.each(FROZEN_VERSIONS)("from %s", (version) => {
  test("untouched, it becomes exactly what init writes today", async () => {
    const project = await releasedProject(version);
    const { code, stdout } = await project.run("update");
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/^ {2}(merge|conflict|keep)/m);
    expect(await typeErrors()).toBe(NO_TYPE_ERRORS);
    expect(await project.run("check")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^In sync \d+ files\n$/),
    });
    expect((await project.run("update")).stdout).toMatch(/^Up to date/);

    // The same settings, in a project that has never seen another version.
    const fresh = projectAt(join(folder(), "fresh"));
    await fresh.write("package.json", '{ "name": "parcel-desk" }\n');
    await fresh.write("adw.config.json", await project.read("adw.config.json"));
    await fresh.done("init", "--yes");
    expect(await hashFolder(join(folder(), "adws"))).toEqual(
      await hashFolder(join(fresh.root, "adws")),
    );
    expect(await lockedTexts(project)).toEqual(await lockedTexts(fresh));
  });

  test("check names every outdated file and what is new, and writes nothing", async () => {
    const project = await releasedProject(version);
    const before = await hashFolder(folder());
    const { code, stdout } = await project.run("check", "--json");
    expect(code).toBe(1);
    const { drift } = JSON.parse(stdout);
    expect(drift).toContainEqual(
      expect.objectContaining({
        path: SERVER,
        module: "adw_server",
        kinds: ["outdated"],
        reason: expect.stringMatching(/^its template changed/),
      }),
    );
    // What the release did not have is told apart from what its owner deleted.
    const absent = drift.filter(
      ({ kinds }: { kinds: string[] }) => kinds[0] === "missing",
    );
    expect(absent).not.toEqual([]);
    for (const { path, reason } of absent)
      expect({ path, reason }).toEqual({
        path,
        reason:
          path === "package.json"
            ? "it lacks protobufjs"
            : "it is new; an update writes it",
      });
    expect(await hashFolder(folder())).toEqual(before);
  });

  test("a file in the owner's own format is merged in that format", async () => {
    const project = await releasedProject(version);
    const formatted = (text: string) =>
      execFileSync(
        process.execPath,
        [
          join(REPOSITORY, "node_modules/prettier/bin/prettier.cjs"),
          "--stdin-filepath",
          SERVER,
        ],
        { cwd: folder(), input: text, encoding: "utf8" },
      );
    const today = (await todaysTexts(version)).get(SERVER) ?? "";
    await project.write(
      ".prettierrc",
      '{ "semi": false, "singleQuote": true, "useTabs": true }\n',
    );
    await project.write(
      SERVER,
      `${formatted(await project.read(SERVER))}// ours\n`,
    );
    const { code, stdout } = await project.run("update");
    expect(code).toBe(0);
    expect(stdout).toContain(`  merge     ${SERVER}  your edits are kept`);
    expect(stdout).not.toContain("conflict");
    // Today's template in the owner's format, with the edit, and nothing else.
    expect(await project.read(SERVER)).toBe(`${formatted(today)}// ours\n`);
    expect((await project.run("update")).stdout).toMatch(/^Up to date/);
  });
});

describe("a project of large files, edited by its owner, becomes one of faces and rooms", () => {
  test("edits outside of what moved follow, and it compiles", async () => {
    const project = await releasedProject(BEFORE_ROOMS);
    const today = await todaysTexts(BEFORE_ROOMS);
    /** Each edit: the file, what it said, what its owner made of it. */
    const edits = [
      [
        WEBSOCKETS,
        "export const MAX_CONNECTIONS = 100;",
        "export const MAX_CONNECTIONS = 250; // one for each desk",
      ],
      [
        SERVER,
        '  const page = server.url.replace(/^ws/, "http");\n',
        '  const page = server.url.replace(/^ws/, "http");\n  process.stderr.write(`parcel desk: ${host}\\n`);\n',
      ],
      [
        LOGGING,
        '  ["agent_cancelled", "warning"],',
        '  ["agent_cancelled", "error"], // nobody cancels here',
      ],
      [
        DASHBOARD,
        '"See the server\'s stderr."',
        '"See the stderr of the parcel desk."',
      ],
    ] as const;
    for (const [path, before, after] of edits)
      await project.edit(path, before, after);
    // One from an editor on Windows, and a file that nobody needs.
    const view = await project.read(DEMO_VIEW);
    const ownView = `${view}\nexport const DESKS = ["north", "south"];\n`;
    await project.write(DEMO_VIEW, ownView.replaceAll("\n", "\r\n"));
    await project.remove(SCHEMA);

    const { code, stdout, stderr } = await project.run("update");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: [
        RETIRED_NOTE,
        `note ${SCHEMA}: you deleted it, and it stays deleted. adw-scaffold init brings it back.`,
        "",
      ].join("\n"),
    });
    expect(named("merge", stdout)).toEqual(
      edits.map(([path]) => path).toSorted(),
    );
    expect(named("keep", stdout)).toEqual([DEMO_VIEW, SCHEMA]);
    // Each is today's template with the edit, and nothing else.
    for (const [path, before, after] of edits)
      expect((await project.read(path)).replace(after, () => before)).toBe(
        today.get(path),
      );
    // The demo is a command now: only what its owner wrote into stays of it.
    expect(await project.read(DEMO_VIEW)).toBe(
      ownView.replaceAll("\n", "\r\n"),
    );
    expect(existsSync(join(folder(), "adws/adw_demo.ts"))).toBe(false);
    expect(readdirSync(join(folder(), "adws/adw_demo"))).toEqual([
      "terminal_view.ts",
    ]);
    expect(readdirSync(join(folder(), "adws/adw_dashboard"))).toEqual([
      "index.html",
    ]);
    const { scripts } = JSON.parse(await project.read("package.json"));
    expect(Object.keys(scripts)).toEqual(["build", "adw:server"]);
    const { modules } = JSON.parse(await project.read("adw.config.json"));
    expect(modules).not.toContain("adw_demo");

    await project.remove("adws/adw_demo");
    expect(await typeErrors()).toBe(NO_TYPE_ERRORS);
    expect((await project.run("update")).stdout).toMatch(/^Up to date/);
    const check = await project.run("check", "--fail-on", "outdated,config");
    expect(check.code).toBe(0);
    expect(named("edited", check.stdout)).toEqual(
      edits.map(([path]) => path).toSorted(),
    );
    expect(named("missing", check.stdout)).toEqual([SCHEMA]);
  });

  test("edits in what moved are marked or kept, named, and none is lost", async () => {
    const project = await releasedProject(BEFORE_ROOMS);
    const today = await todaysTexts(BEFORE_ROOMS);
    const edits = [
      [
        WEBSOCKETS,
        "export const MAX_CONNECTIONS = 100;",
        "export const MAX_CONNECTIONS = 250; // one for each desk",
      ],
      [
        WEBSOCKETS,
        "const REPORT_INTERVAL_MS = 60_000;",
        "const REPORT_INTERVAL_MS = 5_000; // our operators look often",
      ],
      [
        WEBSOCKETS,
        "      ws.ping(String(connection.pingNumber));",
        "      ws.ping(`desk ${connection.pingNumber}`);",
      ],
      [
        DASHBOARD,
        '      : "limit must be an integer >= 1.";',
        '      : "limit must be an integer >= 1, says the desk.";',
      ],
      [
        QUEUE,
        "  readonly reporter = new Reporter();",
        "  readonly reporter = new Reporter(); // one for each desk",
      ],
      [
        REPORT,
        "export const REPORT_AGAIN_AFTER_MS = 60_000;",
        "export const REPORT_AGAIN_AFTER_MS = 5_000; // ours",
      ],
      [PAGE, "Loading the dashboard…", "Loading the desk…"],
      [STYLES, "  --accent: #4450d1;", "  --accent: #d14450; /* our colour */"],
      [FLEET_VIEW, "export function ", "// ours\nexport function "],
      [DEMO_FLEET, "Password reset by e-mail", "Password reset by parcel"],
    ] as const;
    for (const [path, before, after] of edits) {
      const text = await project.read(path);
      expect(text).toContain(before);
      await project.write(
        path,
        text.replace(before, () => after),
      );
    }
    const edited = new Map<string, string>();
    for (const [path] of edits) edited.set(path, await project.read(path));

    const { code, stdout, stderr } = await project.run("update");
    const conflicts = [WEBSOCKETS, DASHBOARD, QUEUE].toSorted();
    const kept = [REPORT, PAGE, STYLES, FLEET_VIEW, DEMO_FLEET].toSorted();
    expect(code).toBe(1);
    expect(named("conflict", stdout)).toEqual(conflicts);
    expect(named("keep", stdout)).toEqual(kept);
    for (const path of conflicts)
      expect(stderr).toMatch(
        new RegExp(`^conflict markers are left in .*${path}`, "m"),
      );
    expect(stderr).toContain(RETIRED_NOTE);

    // Nothing is lost: what is kept is byte for byte as its owner left it, and what
    // is marked has each edit in the text around, or on the owner's side of a mark.
    for (const path of kept)
      expect(await project.read(path)).toBe(edited.get(path));
    for (const path of conflicts) {
      const marked = await project.read(path);
      for (const [, , after] of edits.filter((edit) => edit[0] === path))
        expect(marked).toContain(after);
      // Each mark shows what was changed and from what; around it stands today's template.
      for (const [, yours, base] of marked.matchAll(CONFLICT))
        expect(yours).not.toBe(base);
      expect(
        marked
          .replace(CONFLICT, (...[, , , template]) => template)
          .replace(
            "MAX_CONNECTIONS = 250; // one for each desk",
            () => "MAX_CONNECTIONS = 100;",
          ),
      ).toBe(today.get(path));
    }
    const marks = (await project.read(WEBSOCKETS)).match(CONFLICT) ?? [];
    expect(marks).toHaveLength(2);
    expect(stdout).toContain(
      `  conflict  ${WEBSOCKETS}  2 places changed by both you and the template\n`,
    );

    // Check says so until they are resolved.
    const check = await project.run("check", "--fail-on", "conflict");
    expect(check.code).toBe(1);
    expect(named("conflict", check.stdout)).toEqual(conflicts);
    expect(named("edited", check.stdout)).toContain(PAGE);
    for (const path of conflicts)
      await project.write(path, today.get(path) ?? "");
    await project.done("update", "--force");
    for (const path of [REPORT, STYLES, FLEET_VIEW, DEMO_FLEET])
      expect(await project.read(path)).toBe(edited.get(path));
    for (const path of [REPORT, DEMO_FLEET]) await project.remove(path);
    expect(await typeErrors()).toBe(NO_TYPE_ERRORS);
    expect(await project.run("check")).toMatchObject({ code: 0 });
  });
});

test("edits follow the database's files into their folder", async () => {
  const project = await releasedProject("0.1.0-alpha.3");
  const modules = "adws/adw_modules";
  await project.edit(
    `${modules}/adw_table.ts`,
    "has no column",
    "does not have the column",
  );
  await project.edit(
    `${modules}/adw_sqlite.ts`,
    "synchronous = NORMAL",
    "synchronous = FULL",
  );
  const { code, stdout } = await project.run("update");
  expect(code).toBe(0);
  expect(stdout).toContain(
    `${modules}/adw_table.ts  moved to ${modules}/adw_database/tables.ts\n`,
  );
  const tables = await project.read(`${modules}/adw_database/tables.ts`);
  expect(tables).toContain("does not have the column");
  const opening = await project.read(`${modules}/adw_database/connection.ts`);
  expect(opening).toContain("synchronous = FULL");
  expect(readdirSync(join(folder(), modules))).not.toContain(
    "adw_migrations.ts",
  );
  expect(await typeErrors()).toBe(NO_TYPE_ERRORS);
});
