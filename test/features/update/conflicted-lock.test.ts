/** A merge in git that left two versions of adw.lock.json or adw.config.json in one. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";
import {
  GREETING,
  TEMPLATE,
  freshProject,
} from "../../helpers/template-project.ts";

jest.setTimeout(90_000);

const folder = temporaryFolder();
const FILE = "adws/greeting.ts";
const LOCK = "adw.lock.json";
const project = freshProject(folder);

/** Puts modules of these names into the template folder. */
async function offer(...names: string[]): Promise<void> {
  for (const name of names)
    await project.write(
      `templates/adws/${name}.ts.njk`,
      `export const ${name.toUpperCase()} = 1;\n`,
    );
  await project.manifest(
    GREETING,
    ...names.map((name) => ({
      ...GREETING,
      name,
      files: [`adws/${name}.ts`],
    })),
  );
}

/** What git writes where two branches changed the same lines of a file. */
function gitMerge(
  base: string,
  ours: string,
  theirs: string,
  ...style: string[]
): string {
  const place = mkdtempSync(join(tmpdir(), "adw-merge-"));
  try {
    const names = Object.entries({ ours, base, theirs }).map(([name, text]) => {
      writeFileSync(join(place, name), text);
      return name;
    });
    const labels = names.flatMap((name) => ["-L", name]);
    return String(
      spawnSync("git", ["merge-file", "-p", ...style, ...labels, ...names], {
        cwd: place,
      }).stdout,
    );
  } finally {
    rmSync(place, { recursive: true });
  }
}

interface Branches {
  base: string;
  ours: string;
  theirs: string;
}

/** Two branches updated to two versions of the template; on disk is the later one. */
async function updatedTwice(): Promise<Branches> {
  const base = await project.read(LOCK);
  await project.edit(TEMPLATE, "TWO = 2;", "TWO = 22;");
  await project.manifest({ ...GREETING, version: "1.1.0" });
  await project.done("update");
  const ours = await project.read(LOCK);
  await project.edit(TEMPLATE, "TWO = 22;", "TWO = 222;");
  await project.manifest({ ...GREETING, version: "1.2.0" });
  await project.done("update");
  return { base, ours, theirs: await project.read(LOCK) };
}

/** The same lock, whatever its compressed bytes. */
async function expectSettled(expected: string) {
  const text = await project.read(LOCK);
  expect(text).not.toMatch(/^[<=>|]{7}/m);
  expect(JSON.parse(text)).toEqual(JSON.parse(expected));
  expect(await project.run("check")).toMatchObject({ code: 0 });
}

describe("conflict markers in adw.lock.json", () => {
  test("are recognised by every command that reads it, which says where and what to do, and writes nothing", async () => {
    const { base, ours, theirs } = await updatedTwice();
    await project.write(LOCK, gitMerge(base, ours, theirs));
    const line =
      (await project.read(LOCK))
        .split("\n")
        .findIndex((text) => text.startsWith("<<<<<<<")) + 1;
    const before = await hashFolder(folder());
    for (const command of [
      ["check"],
      ["diff"],
      ["add", "greeting"],
      ["remove", "greeting"],
      ["init", "--yes"],
    ]) {
      const [name = "", ...parameters] = command;
      expect(await project.run(name, ...parameters)).toEqual({
        code: 2,
        stdout: "",
        stderr: `error CONFLICT_MARKERS adw.lock.json has conflict markers of a merge in it\n  at adw.lock.json:${line}:1\n  → Run adw-scaffold update: the file holds both sides, and update merges them.\n`,
      });
    }
    const { stdout } = await project.run("doctor");
    expect(stdout).toContain("conflict markers of a merge");
    expect(await hashFolder(folder())).toEqual(before);
  });

  test.each([
    ["of the usual style", []],
    ["of style diff3", ["--diff3"]],
    ["of style zdiff3", ["--zdiff3"]],
  ])("%s are settled by update, with no help", async (_, style) => {
    const { base, ours, theirs } = await updatedTwice();
    for (const merged of [
      gitMerge(base, ours, theirs, ...style),
      gitMerge(base, theirs, ours, ...style),
    ]) {
      expect(merged).toContain("<<<<<<<");
      await project.write(LOCK, merged);
      const { stderr } = await project.done("update");
      expect(stderr).toContain(
        "adw.lock.json was in two versions after a merge",
      );
      await expectSettled(theirs);
    }
  });

  test("with Windows line ends are settled too, and the line ends stay", async () => {
    const { base, ours, theirs } = await updatedTwice();
    const merged = gitMerge(base, ours, theirs).replaceAll("\n", "\r\n");
    await project.write(LOCK, merged);
    await project.done("update");
    await expectSettled(theirs);
    expect(await project.read(LOCK)).not.toMatch(/[^\r]\n/);
  });

  test("with the longer markers that git writes where both sides renamed a file", async () => {
    const { base, ours, theirs } = await updatedTwice();
    await project.write(LOCK, gitMerge(base, ours, theirs, "--marker-size=8"));
    expect((await project.run("check")).stderr).toContain("CONFLICT_MARKERS");
    await project.done("update");
    await expectSettled(theirs);
  });

  test("an edit is kept, and the entry of the newer version is its base", async () => {
    const { base, ours, theirs } = await updatedTwice();
    await project.edit(FILE, "SEVEN = 7", "SEVEN = 77");
    await project.write(LOCK, gitMerge(base, ours, theirs));
    await project.done("update");
    expect(JSON.parse(await project.read(LOCK))).toEqual(JSON.parse(theirs));
    expect((await project.run("check")).stdout).toContain("edited");
    // A later version merges as if there had never been a conflict.
    await project.edit(TEMPLATE, "ONE = 1;", "ONE = 11;");
    await project.done("update");
    const text = await project.read(FILE);
    expect(text).toContain("ONE = 11;");
    expect(text).toContain("TWO = 222;");
    expect(text).toContain("SEVEN = 77;");
  });

  test("the older text on disk is brought up to date: the entry is the one that matches the file", async () => {
    const { base, ours, theirs } = await updatedTwice();
    await project.edit(FILE, "TWO = 222;", "TWO = 22;"); // git took our side
    await project.write(LOCK, gitMerge(base, ours, theirs));
    await project.done("update");
    expect(await project.read(FILE)).toContain("TWO = 222;");
    await expectSettled(theirs);
  });

  test("two branches that each added a module: the lock has both", async () => {
    await offer("alpha", "omega");
    const base = await project.read(LOCK);
    const config = await project.read("adw.config.json");
    await project.done("add", "alpha");
    const ours = await project.read(LOCK);
    await project.write("adw.config.json", config);
    await project.write(LOCK, base);
    await project.done("add", "omega");
    const theirs = await project.read(LOCK);
    await project.configure({ modules: ["greeting", "alpha", "omega"] });
    await project.write(LOCK, gitMerge(base, ours, theirs));
    await project.done("update");
    const { modules, files } = JSON.parse(await project.read(LOCK));
    expect(Object.keys(modules)).toEqual(
      expect.arrayContaining(["alpha", "greeting", "omega"]),
    );
    expect(Object.keys(files)).toEqual(
      expect.arrayContaining(["adws/alpha.ts", FILE, "adws/omega.ts"]),
    );
    expect(await project.run("check")).toMatchObject({ code: 0 });
  });

  test("what init changed in tsconfig.json is still known: remove takes it back", async () => {
    const tsconfig = '{\n  "compilerOptions": { "outDir": "dist" }\n}\n';
    await project.write("tsconfig.json", tsconfig);
    await project.done("init", "--yes");
    expect(await project.read("tsconfig.json")).toContain('"adws"');
    const { base, ours, theirs } = await updatedTwice();
    await project.write(LOCK, gitMerge(base, ours, theirs));
    await project.done("update");
    await project.done("remove", "greeting");
    expect(await project.read("tsconfig.json")).toBe(tsconfig);
  });

  test("half resolved by hand, some markers gone: update still settles it", async () => {
    const { base, ours, theirs } = await updatedTwice();
    const merged = gitMerge(base, ours, theirs);
    for (const marker of [/^<{7}.*\n/m, /^={7}\n/m, /^>{7}.*\n/m]) {
      await project.edit(FILE, "SEVEN = 7;", "SEVEN = 77;");
      await project.write(LOCK, merged.replace(marker, ""));
      expect((await project.run("check")).stderr).toContain("CONFLICT_MARKERS");
      await project.done("update");
      expect(await project.read(FILE)).toContain("SEVEN = 77;");
      await project.edit(FILE, "SEVEN = 77;", "SEVEN = 7;");
      await expectSettled(theirs);
    }
  });
});

test("two entries for one file in adw.lock.json: check says so, update takes the one that matches", async () => {
  const { ours, theirs } = await updatedTwice();
  const entryOf = (text: string) =>
    `"${FILE}": ${JSON.stringify(JSON.parse(text).files[FILE])}`;
  const both = theirs.replace(
    '"files": {',
    () => `"files": { ${entryOf(theirs)},`,
  );
  // JSON.parse alone would take the last, which is the older one here.
  await project.write(
    LOCK,
    both.replace(
      /\n {4}"adws\/greeting\.ts": \{[^}]*\}/,
      () => `\n${entryOf(ours)}`,
    ),
  );
  expect(await project.run("check")).toEqual({
    code: 2,
    stdout: "",
    stderr: expect.stringMatching(
      /^error JSON_DUPLICATE_KEY "adws\/greeting\.ts" appears twice in the same object\n {2}at adw\.lock\.json:\d+:\d+\n {2}→ Run adw-scaffold update: it keeps the entry that matches the file\.\n$/,
    ),
  });
  await project.done("update");
  await expectSettled(theirs);
});

test.each([
  ["of the usual style", []],
  ["of style diff3", ["--diff3"]],
])(
  "conflict markers %s in adw.config.json: every command says where, and what to do",
  async (_, style) => {
    const base = await project.read("adw.config.json");
    const change = (name: string) => base.replace('"demo"', `"${name}"`);
    await project.write(
      "adw.config.json",
      gitMerge(base, change("ours"), change("theirs"), ...style),
    );
    const before = await hashFolder(folder());
    // Both changed the same setting: which one is meant, only its owner knows.
    for (const command of ["check", "update", "diff"]) {
      expect(await project.run(command)).toEqual({
        code: 2,
        stdout: "",
        stderr: expect.stringMatching(
          /^error CONFLICT_MARKERS adw\.config\.json has conflict markers of a merge in it\n {2}at adw\.config\.json:\d+:1\n {2}→ Resolve them in an editor \(git diff adw\.config\.json shows both sides\), then run adw-scaffold update\.\n$/,
        ),
      });
    }
    expect(await hashFolder(folder())).toEqual(before);
  },
);

test("two branches that each added and removed modules: update settles adw.config.json and the lock", async () => {
  await offer("alpha", "gone", "omega");
  await project.done("add", "gone");
  const both = async (): Promise<[string, string]> => [
    await project.read("adw.config.json"),
    await project.read(LOCK),
  ];
  const [config, lock] = await both();
  await project.done("remove", "gone");
  await project.done("add", "alpha");
  const ours = await both();
  await project.write("adw.config.json", config);
  await project.write(LOCK, lock);
  await project.write("adws/gone.ts", "export const GONE = 1;\n");
  await project.done("add", "omega");
  const theirs = await both();
  await project.remove("adws/gone.ts"); // as git does: one side deleted it
  const merged = gitMerge(config, ours[0], theirs[0]);
  expect(merged).toContain("<<<<<<<");
  await project.write("adw.config.json", merged);
  await project.write(LOCK, gitMerge(lock, ours[1], theirs[1]));
  expect((await project.run("check")).stderr).toContain("CONFLICT_MARKERS");
  const { stderr } = await project.done("update");
  expect(stderr).toContain(
    "adw.config.json was in two versions after a merge, and what each side changed is taken. modules: greeting, alpha, omega.",
  );
  const { modules } = JSON.parse(await project.read("adw.config.json"));
  expect(modules).toEqual(["greeting", "alpha", "omega"]);
  await expect(project.read("adws/gone.ts")).rejects.toThrow("ENOENT");
  expect(await project.run("check")).toMatchObject({ code: 0 });
});

test("settings that one side each changed, with diff3 markers: update takes both", async () => {
  const base = await project.read("adw.config.json");
  await project.write(
    "adw.config.json",
    gitMerge(
      base,
      base.replace('"node:sqlite"', '"better-sqlite3"'),
      base.replace('"typescript_runner": "node"', '"typescript_runner": "tsx"'),
      "--diff3",
    ),
  );
  expect(await project.read("adw.config.json")).toContain("|||||||");
  await project.done("update");
  const config = JSON.parse(await project.read("adw.config.json"));
  expect(config.sqlite_driver).toBe("better-sqlite3");
  expect(config.typescript_runner).toBe("tsx");
});

// Eight characters where both sides renamed the file.
test.each(["--marker-size=7", "--marker-size=8"])(
  "conflict markers of git (%s) in a rendered file are a conflict, and its update an exit code of 1",
  async (size) => {
    const text = await project.read(FILE);
    const change = (value: string) => text.replace("TWO = 2", `TWO = ${value}`);
    await project.write(
      FILE,
      gitMerge(text, change("22"), change("222"), size),
    );
    const check = await project.run("check");
    expect(check).toMatchObject({ code: 1 });
    expect(check.stdout).toContain("conflict  adws/greeting.ts");
    expect((await project.run("update")).code).toBe(1);
    expect(await project.read(FILE)).toContain("<<<<<<< ours");
  },
);
