/**
 * Upgrades across real versions of our own templates: projects that an earlier
 * release wrote (fixtures/releases) and their owners have worked in since.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { cp, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import semver from "semver";
import { renderModule } from "../../src/application/render-module.ts";
import { BUNDLED_MODULES } from "../../src/domain/module-registry.ts";
import { REPOSITORY } from "../helpers/packed.ts";
import { run } from "../helpers/processes.ts";
import { hashFolder, temporaryFolder } from "../helpers/temporary-folder.ts";
import {
  projectAt,
  type TemplateProject,
} from "../helpers/template-project.ts";

jest.setTimeout(120_000);

const RELEASES = join(REPOSITORY, "fixtures/releases");
const VERSIONS = readdirSync(RELEASES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted(semver.compare);

const folder = temporaryFolder();
const SERVER = "adws/adw_server.ts";
const WEBSOCKETS = "adws/adw_modules/adw_websockets.ts";
const TERMINAL_VIEW = "adws/adw_demo/terminal_view.ts";
const SCHEMA = "adws/schema/adw.config.schema.json";
const RETIRED_NOTE =
  "note adw_demo is not a module any more, and is taken out. Instead: npx adw-scaffold demo";
const FLEET = "adws/adw_demo/fleet.ts";

/** A copy of a frozen release, with the packages that it needs. */
async function releasedProject(version: string): Promise<TemplateProject> {
  await cp(join(RELEASES, version), folder(), { recursive: true });
  await symlink(
    join(REPOSITORY, "node_modules"),
    join(folder(), "node_modules"),
  );
  const project = projectAt(folder());
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

/** Today's text of a file under the release's settings, from an untouched update. */
async function updatedCopy(version: string): Promise<TemplateProject> {
  const root = join(folder(), "untouched");
  await cp(join(RELEASES, version), root, { recursive: true });
  const copy = projectAt(root);
  await copy.done("update");
  return copy;
}

/** What the lock says, without the compressed texts: these may differ in their bytes. */
async function lockedTexts(project: TemplateProject) {
  const { modules, files } = JSON.parse(await project.read("adw.lock.json"));
  const digests: [string, string][] = [];
  for (const [path, { sha256 }] of Object.entries<{ sha256: string }>(files))
    digests.push([path, sha256]);
  return { modules, digests };
}

test("edits follow the database's files into their folder", async () => {
  const project = await releasedProject("0.1.0-alpha.2");
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

test("two versions at the least are frozen", () => {
  expect(VERSIONS.length).toBeGreaterThanOrEqual(2);
});

describe.each(VERSIONS)("from %s", (version) => {
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

  test("check names every outdated file with both versions, and writes nothing", async () => {
    const project = await releasedProject(version);
    const before = await hashFolder(folder());
    const { code, stdout } = await project.run("check", "--json");
    expect(code).toBe(1);
    const { drift } = JSON.parse(stdout);
    expect(drift).toContainEqual({
      path: SERVER,
      module: "adw_server",
      kinds: ["outdated"],
      reason: expect.stringMatching(/^its template changed: 1\.0\.0 → [1-9]/),
    });
    // What the release did not have is told apart from what its owner deleted.
    const absent = drift.filter(
      ({ kinds }: { kinds: string[] }) => kinds[0] === "missing",
    );
    if (version === "0.1.0-alpha.1") expect(absent).not.toEqual([]);
    for (const { path, reason } of absent)
      expect({ path, reason }).toEqual({
        path,
        reason:
          path === "package.json"
            ? expect.stringMatching(/^it lacks .*zod/)
            : "it is new; an update writes it",
      });
    expect(await hashFolder(folder())).toEqual(before);
  });

  test("an owner's edits are kept, the templates' changes come in, and it compiles", async () => {
    const project = await releasedProject(version);
    const theirs = await updatedCopy(version);
    // A new event type, a log line, another limit.
    await project.edit(
      TERMINAL_VIEW,
      '  agent_failed: { mark: "✗", text: "failed", style: "red" },\n',
      '  agent_failed: { mark: "✗", text: "failed", style: "red" },\n  parcel_lost: { mark: "!", text: "lost", style: "red" },\n',
    );
    await project.edit(
      SERVER,
      "  const { host, port } = settings;\n",
      "  const { host, port } = settings;\n  process.stderr.write(`parcel desk: ${host}\\n`);\n",
    );
    await project.edit(
      WEBSOCKETS,
      "export const MAX_CONNECTIONS = 100;",
      "export const MAX_CONNECTIONS = 250;",
    );
    // A file that nobody needs, and one from an editor on Windows, with an edit.
    await project.remove(SCHEMA);
    const fleet = await project.read(FLEET);
    await project.write(
      FLEET,
      `${fleet}\nexport const DESKS = ["north", "south"];\n`.replaceAll(
        "\n",
        "\r\n",
      ),
    );

    const { code, stdout, stderr } = await project.run("update");
    expect({ code, stderr }).toEqual({
      code: 0,
      // The locks of these two versions did not say which scripts were ours.
      stderr: [
        RETIRED_NOTE,
        `note ${SCHEMA}: you deleted it, and it stays deleted. adw-scaffold init brings it back.`,
        `note The script "adw:server" is not as adw-scaffold wrote it, and was left as it is. It would be: node --disable-warning=ExperimentalWarning adws/adw_server.ts`,
        "",
      ].join("\n"),
    });
    for (const path of [TERMINAL_VIEW, SERVER, WEBSOCKETS, FLEET])
      expect(stdout).toMatch(
        new RegExp(`^ {2}(merge|keep) +${path.replaceAll(".", "\\.")} `, "m"),
      );

    // Each is today's template with the edit, and nothing else.
    expect(
      (await project.read(SERVER)).replace(
        "  process.stderr.write(`parcel desk: ${host}\\n`);\n",
        "",
      ),
    ).toBe(await theirs.read(SERVER));
    expect(
      (await project.read(WEBSOCKETS)).replace(
        "MAX_CONNECTIONS = 250",
        "MAX_CONNECTIONS = 100",
      ),
    ).toBe(await theirs.read(WEBSOCKETS));
    // The demo is a command now: only what its owner wrote into stays of it.
    expect(await project.read(TERMINAL_VIEW)).toContain("parcel_lost");
    expect(await project.read(FLEET)).toContain('DESKS = ["north", "south"]');
    expect(readdirSync(join(folder(), "adws"))).not.toContain("adw_demo.ts");
    expect(readdirSync(join(folder(), "adws/adw_demo")).toSorted()).toEqual([
      "fleet.ts",
      "terminal_view.ts",
    ]);
    const { scripts } = JSON.parse(await project.read("package.json"));
    expect(Object.keys(scripts)).toEqual(["build", "adw:server"]);
    const { modules } = JSON.parse(await project.read("adw.config.json"));
    expect(modules).not.toContain("adw_demo");

    await rm(theirs.root, { recursive: true });
    expect(await typeErrors()).toBe(NO_TYPE_ERRORS);
    expect((await project.run("update")).stdout).toMatch(/^Up to date/);
    const check = await project.run("check", "--fail-on", "outdated,config");
    expect(check.code).toBe(0);
    expect(check.stdout.match(/^ {2}\w+ +\S+/gm)?.toSorted()).toEqual(
      [
        `  edited   ${SERVER}`,
        `  edited   ${WEBSOCKETS}`,
        `  missing  ${SCHEMA}`,
      ].toSorted(),
    );
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
    const theirs = await updatedCopy(version);
    const today = await theirs.read(SERVER);
    await rm(theirs.root, { recursive: true });
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
    expect(await typeErrors()).toBe(NO_TYPE_ERRORS);
    expect((await project.run("update")).stdout).toMatch(/^Up to date/);
  });

  test("where the owner and the template changed the same line, it is marked and listed", async () => {
    const project = await releasedProject(version);
    const theirs = await updatedCopy(version);
    const today = await theirs.read(SERVER);
    await rm(theirs.root, { recursive: true });
    // A statement that today's template does not have any more.
    const released = await project.read(SERVER);
    const statement = released
      .split("\n")
      .find(
        (line) =>
          /^\s+\S.*;$/.test(line) &&
          released.split(line).length === 2 &&
          !today.includes(line),
      );
    if (statement === undefined) throw new Error("the template is as it was");
    await project.edit(SERVER, statement, `${statement} // ours`);
    await project.edit(
      WEBSOCKETS,
      "MAX_CONNECTIONS = 100;",
      "MAX_CONNECTIONS = 250;",
    );
    const { code, stdout, stderr } = await project.run("update");
    expect(code).toBe(1);
    expect(stdout).toContain(
      `  conflict  ${SERVER}  1 place changed by both you and the template\n`,
    );
    expect(stderr).toContain(`conflict markers are left in ${SERVER}\n`);
    const marked = await project.read(SERVER);
    const [conflict = "", yours, base, template = ""] =
      /<<<<<<< yours\n([^]*)\|{7} as rendered before\n([^]*)=======\n([^]*)>>>>>>> new template\n/.exec(
        marked,
      ) ?? [];
    expect(yours).toContain(`${statement} // ours\n`);
    expect(base).toBe(yours?.replace(" // ours", ""));
    // Everything else of the template has come in around the markers.
    expect(marked.replace(conflict, () => template)).toBe(today);
    expect(await project.read(WEBSOCKETS)).toContain("MAX_CONNECTIONS = 250;");
    expect((await project.run("check", "--fail-on", "conflict")).code).toBe(1);

    await project.write(
      SERVER,
      marked.replace(conflict, () => template),
    );
    expect(await typeErrors()).toBe(NO_TYPE_ERRORS);
    expect((await project.run("update")).stdout).toMatch(/^Up to date/);
    const check = await project.run(
      "check",
      "--fail-on",
      "outdated,config,missing,conflict",
    );
    expect(check.code).toBe(0);
  });
});

test("a module whose rendered files changed since the last frozen release has a later version", async () => {
  const last = join(RELEASES, VERSIONS.at(-1) ?? "");
  const read = (path: string) => readFileSync(join(last, path), "utf8");
  const { $schema: _, ...config } = JSON.parse(read("adw.config.json"));
  const { modules, files } = JSON.parse(read("adw.lock.json"));
  for (const { name, version } of BUNDLED_MODULES) {
    const before = modules[name]?.version;
    if (before === undefined) continue;
    // Every module brings the hidden one along.
    const { files: now } = await renderModule(
      name === "adw_base" ? "adw_websockets" : name,
      config,
    );
    const changed = now
      .filter(({ path }) => files[path]?.module === name)
      .filter(
        ({ path, content }) =>
          content.replaceAll(version, "") !== read(path).replaceAll(before, ""),
      );
    const isHonest = changed.length === 0 || semver.gt(version, before);
    expect({ name, version, isHonest }).toEqual({
      name,
      version,
      isHonest: true,
    });
  }
});
