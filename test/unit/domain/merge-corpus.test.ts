/**
 * The merge corpus: each case in fixtures/merge/ is three texts and the result
 * that a careful person would make of them.
 */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import * as babel from "prettier/plugins/babel";
import * as estree from "prettier/plugins/estree";
import { format } from "prettier/standalone";
import {
  hasConflictMarkers,
  mergeThreeWay,
  mergeTwoWay,
} from "../../../src/domain/three-way-merge.ts";
import { REPOSITORY } from "../../helpers/packed.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { templateProject } from "../../helpers/template-project.ts";

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

const PARTS = ["base", "yours", "theirs", "expected"] as const;
type Texts = Record<(typeof PARTS)[number], string>;

/**
 * A case is one file: its settings as `key: value` lines, then the four texts, each
 * after a line `@@ part`, or `@@ part = other` where it is the same as another one.
 * A text without a final newline ends as it does in a patch.
 */
function readCase(file: string): Case & Texts {
  const [head = "", ...sections] = readFileSync(
    join(corpus, file),
    "utf8",
  ).split(/^(?=@@ (?:base|yours|theirs|expected)(?: = \w+)?$)/m);
  const texts = new Map<string, string>();
  for (const section of sections) {
    const end = section.indexOf("\n");
    const [, part = "", , same] = section.slice(0, end).split(" ");
    const text = section
      .slice(end + 1)
      .replace(/\n\\ No newline at end of file\n$/, "");
    texts.set(part, same === undefined ? text : (texts.get(same) ?? ""));
  }
  if (!PARTS.every((part) => texts.has(part)))
    throw new Error(`${file} is not complete`);
  const settings = head
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [key = ""] = line.split(": ", 1);
      const value = line.slice(key.length + 2);
      return [
        key,
        /^(\d+|true|\{.*\})$/.test(value) ? JSON.parse(value) : value,
      ];
    });
  return {
    name: file.replace(/\.txt$/, ""),
    ...Object.fromEntries(settings),
    ...Object.fromEntries(texts),
  };
}

const cases = readdirSync(corpus).map(readCase);

test("there are at least forty cases", () => {
  expect(cases.length).toBeGreaterThanOrEqual(40);
});

describe("three-way merge", () => {
  test.each(cases)(
    "$name: $about",
    async ({ base, yours, theirs, expected, conflicts, choice, prettier }) => {
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
  const groups = new Map<string, (Case & Texts)[]>();
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
      for (const { name, [side]: text } of group) {
        await project.write(`templates/${file(name)}.njk`, asTemplate(text));
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
    for (const { name, yours } of group) await project.write(file(name), yours);
    await write("theirs");
    const { code, stdout } = await project.run(
      "update",
      ...(first?.choice === undefined
        ? []
        : ["--on-conflict", first.choice === "yours" ? "keep" : "theirs"]),
    );
    for (const { name, conflicts, expected } of group) {
      expect({ name, text: await project.read(file(name)) }).toEqual({
        name,
        text: expected,
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
