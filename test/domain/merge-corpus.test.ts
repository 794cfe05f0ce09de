/**
 * The merge corpus: each case in fixtures/merge/ is three texts and the result
 * that a careful person would make of them.
 */
import { mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import * as babel from "prettier/plugins/babel";
import * as estree from "prettier/plugins/estree";
import { format } from "prettier/standalone";
import {
  hasConflictMarkers,
  mergeThreeWay,
  mergeTwoWay,
} from "../../src/domain/three-way-merge.ts";
import { REPOSITORY } from "../helpers/packed.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { templateProject } from "../helpers/template-project.ts";

jest.setTimeout(60_000);

const corpus = join(REPOSITORY, "fixtures/merge");

interface Case {
  name: string;
  about: string;
  conflicts: number;
  /** Whose side settles a conflict; without it, markers. */
  choice?: "yours" | "theirs";
  /** The project's prettier configuration: base and theirs are formatted by it. */
  prettier?: object;
  /** Also tried with the real command. */
  through_update?: boolean;
}

const cases: Case[] = readdirSync(corpus).map((name) => ({
  name,
  ...JSON.parse(readFileSync(join(corpus, name, "case.json"), "utf8")),
}));

async function texts(name: string) {
  const read = (file: string) =>
    readFile(join(corpus, name, `${file}.txt`), "utf8");
  const [base, yours, theirs, expected] = await Promise.all(
    ["base", "yours", "theirs", "expected"].map(read),
  );
  if (
    base === undefined ||
    yours === undefined ||
    theirs === undefined ||
    expected === undefined
  ) {
    throw new Error(`${name} is not complete`);
  }
  return { base, yours, theirs, expected };
}

test("there are at least forty cases", async () => {
  expect((await readdir(corpus)).length).toBeGreaterThanOrEqual(40);
});

describe("three-way merge", () => {
  test.each(cases)(
    "$name: $about",
    async ({ name, conflicts, choice, prettier }) => {
      const { base, yours, theirs, expected } = await texts(name);
      const formatted = (text: string) =>
        prettier === undefined
          ? text
          : format(text, {
              ...prettier,
              parser: "babel",
              plugins: [babel, estree],
            });
      const merged = mergeThreeWay(
        await formatted(base),
        yours,
        await formatted(theirs),
        choice ?? "markers",
      );
      expect(merged.content).toBe(expected);
      expect(merged.conflicts).toBe(conflicts);
      expect(hasConflictMarkers(merged.content)).toBe(conflicts > 0);
    },
  );
});

describe("the same through the command", () => {
  const folder = temporaryFolder();
  const chosen = cases.filter(({ through_update }) => through_update === true);

  test("a good part of the corpus", () => {
    expect(chosen.length).toBeGreaterThanOrEqual(20);
  });

  // Many cases, one project: each is a file of one module, so that one update
  // merges all of those with the same options.
  const groups = new Map<string, Case[]>();
  for (const entry of chosen) {
    const key = JSON.stringify([entry.prettier ?? null, entry.choice ?? null]);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }

  test.each(
    [...groups.values()].map(
      (group) => [group.map(({ name }) => name).join(", "), group] as const,
    ),
  )("%s", async (_, group) => {
    const project = await templateProject(folder());
    const [first] = group;
    const file = (name: string) => `adws/${name.replaceAll("-", "_")}.mjs`;
    // The texts must come out of the templates as they are.
    const asTemplate = (text: string) =>
      text.replaceAll("<<", '<< "<<" | verbatim >>');
    await project.remove("templates/adws");
    await project.manifest({
      name: "corpus",
      version: "1.0.0",
      summary: "The merge corpus",
      files: group.map(({ name }) => file(name)),
    });
    const write = async (side: "base" | "theirs") => {
      for (const { name } of group) {
        await project.write(
          `templates/${file(name)}.njk`,
          asTemplate((await texts(name))[side]),
        );
      }
    };
    await write("base");
    await project.done("add", "corpus");
    if (first?.prettier !== undefined) {
      await writeFile(
        join(folder(), ".prettierrc"),
        JSON.stringify(first.prettier),
      );
      await mkdir(join(folder(), "node_modules"));
      await symlink(
        join(REPOSITORY, "node_modules/prettier"),
        join(folder(), "node_modules/prettier"),
      );
    }
    for (const { name } of group)
      await project.write(file(name), (await texts(name)).yours);
    await write("theirs");
    const { code, stdout } = await project.run(
      "update",
      ...(first?.choice === undefined
        ? []
        : ["--on-conflict", first.choice === "yours" ? "keep" : "theirs"]),
    );
    for (const { name, conflicts } of group) {
      expect({ name, text: await project.read(file(name)) }).toEqual({
        name,
        text: (await texts(name)).expected,
      });
      if (conflicts > 0) {
        expect(stdout).toContain(
          `conflict  ${file(name)}  ${conflicts} ${conflicts === 1 ? "place" : "places"} changed by both`,
        );
      }
    }
    expect(code).toBe(group.some(({ conflicts }) => conflicts > 0) ? 1 : 0);
  });
});

test("a merge of five thousand lines takes less than five seconds", () => {
  const base = Array.from({ length: 5000 }, (_, line) => `line ${line}`);
  const yours = base.with(10, "mine");
  const theirs = base.with(4990, "new");
  const started = performance.now();
  const { content, conflicts } = mergeThreeWay(
    base.join("\n"),
    yours.join("\n"),
    theirs.join("\n"),
  );
  expect(conflicts).toBe(0);
  expect(content).toBe(yours.with(4990, "new").join("\n"));
  expect(performance.now() - started).toBeLessThan(5000);
});

describe("two texts without a common base", () => {
  test("what both have stands once, what differs stands between markers", () => {
    expect(mergeTwoWay("a\nmine\nc\n", "a\nnew\nc\n")).toBe(
      "a\n<<<<<<< yours\nmine\n=======\nnew\n>>>>>>> new template\nc\n",
    );
  });

  test("equal texts have no conflict", () => {
    expect(mergeTwoWay("a\r\nb\r\n", "a\nb\n")).toBe("a\r\nb\r\n");
  });
});
