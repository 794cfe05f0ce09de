import type { FileFacts } from "../../../src/domain/file-status.ts";
import { operationsOf, type Intent } from "../../../src/domain/operations.ts";
import { projectPath } from "../../../src/domain/paths.ts";

const ADD: Intent = { restoresDeleted: true, onConflict: "fail" };
const UPDATE: Intent = { restoresDeleted: false, onConflict: "markers" };

type Texts = Pick<FileFacts, "base" | "disk" | "next">;

function file(texts: Texts, facts: Partial<FileFacts> = {}): FileFacts {
  return {
    path: projectPath("adws/x.ts"),
    module: "x",
    source: "adws/x.ts",
    movedFrom: null,
    occupant: null,
    yours: texts.disk,
    isRecorded: texts.base !== null,
    isGenerated: false,
    isUpToDate: false,
    ...texts,
    ...facts,
  };
}

const planned = (texts: Texts, intent: Intent) =>
  operationsOf(file(texts), intent)[0];

/** What each command does with a file in each state. */
test.each<[string, Texts, add: string, update: string, force: string]>([
  ["new", { base: null, disk: null, next: "v1" }, "create", "create", "create"],
  [
    "deleted",
    { base: "v1", disk: null, next: "v1" },
    "create",
    "keep",
    "create",
  ],
  [
    "current",
    { base: null, disk: "v1", next: "v1" },
    "unchanged",
    "unchanged",
    "unchanged",
  ],
  [
    "outdated",
    { base: "v1", disk: "v1", next: "v2" },
    "update",
    "update",
    "update",
  ],
  [
    "edited",
    { base: "v1", disk: "mine", next: "v1" },
    "keep",
    "keep",
    "update",
  ],
  [
    "edited by both, in one place",
    { base: "v1", disk: "mine", next: "v2" },
    "conflict",
    "conflict",
    "update",
  ],
  [
    "edited by both, in two places",
    { base: "1\n2\n3", disk: "a\n2\n3", next: "1\n2\nb" },
    "merge",
    "merge",
    "update",
  ],
  [
    "edited by both, the same change and one more",
    { base: "1\n2\n3", disk: "a\n2\nb", next: "1\n2\nb" },
    "keep",
    "keep",
    "update",
  ],
  [
    "not written by us",
    { base: null, disk: "mine", next: "v1" },
    "conflict",
    "conflict",
    "update",
  ],
  [
    "rendered no more",
    { base: "v1", disk: "v1", next: null },
    "delete",
    "delete",
    "delete",
  ],
  [
    "rendered no more, and edited",
    { base: "v1", disk: "mine", next: null },
    "keep",
    "keep",
    "delete",
  ],
])("%s: add, update, force", (_state, texts, add, update, force) => {
  expect(planned(texts, ADD)?.operation).toBe(add);
  expect(planned(texts, UPDATE)?.operation).toBe(update);
  expect(planned(texts, { ...UPDATE, force: true })?.operation).toBe(force);
});

test("a file that is rendered no more and gone already needs nothing", () => {
  expect(planned({ base: "v1", disk: null, next: null }, UPDATE)).toBe(
    undefined,
  );
});

test("only where an edit is lost, forcing says so", () => {
  const force = { ...UPDATE, force: true };
  expect(planned({ base: "v1", disk: "mine", next: "v2" }, force)).toEqual({
    operation: "update",
    path: projectPath("adws/x.ts"),
    module: "x",
    content: "v2",
    previous: "mine",
    reason: "overwritten by --force",
    overwrites: true,
  });
  expect(planned({ base: "v1", disk: "v1", next: "v2" }, force)).toEqual({
    operation: "update",
    path: projectPath("adws/x.ts"),
    module: "x",
    content: "v2",
    previous: "v1",
    reason: "the template or its settings changed",
  });
});

const BOTH: Texts = { base: "v1", disk: "mine", next: "v2" };

test.each<[Intent["onConflict"], object]>([
  [
    "markers",
    {
      operation: "conflict",
      cause: "both_changed",
      resolution: "markers",
      reason: "1 place changed by both you and the template",
    },
  ],
  ["fail", { operation: "conflict", resolution: "refuse" }],
  [
    "keep",
    {
      operation: "keep",
      cause: "merged",
      reason: "1 place changed by both: yours is kept",
    },
  ],
  [
    "theirs",
    {
      operation: "merge",
      content: "v2",
      reason: "1 place changed by both: the template’s text is taken",
    },
  ],
])("--on-conflict %s where both changed one place", (onConflict, expected) => {
  expect(planned(BOTH, { ...UPDATE, onConflict })).toMatchObject(expected);
});

test.each([
  ["overwrite", { operation: "update", content: "v2", previous: "mine" }],
  ["keep", { operation: "keep", cause: "chosen" }],
  [
    "merge",
    {
      operation: "conflict",
      resolution: "markers",
      merged: expect.stringContaining("mine"),
    },
  ],
] as const)("the owner says %s", (decision, expected) => {
  const decisions = { "adws/x.ts": decision };
  expect(planned(BOTH, { ...ADD, decisions })).toMatchObject(expected);
  const foreign = { ...BOTH, base: null };
  expect(planned(foreign, { ...ADD, decisions })).toMatchObject(expected);
});

test("--keep keeps what is not ours, and settles no other conflict", () => {
  const intent = { ...ADD, keep: true };
  expect(planned({ ...BOTH, base: null }, intent)?.operation).toBe("keep");
  expect(planned(BOTH, intent)?.operation).toBe("conflict");
});

describe("a file that moves", () => {
  const here = "adws/x.ts";
  const there = projectPath("old/x.ts");
  const moves = (texts: Texts, occupant: string | null, intent = UPDATE) =>
    operationsOf(file(texts, { movedFrom: there, occupant }), intent).map(
      (entry) => [entry.operation, entry.path],
    );

  test("takes its owner's text along, and leaves nothing behind", () => {
    const texts = { base: "v1", disk: "mine", next: "v1" };
    expect(moves(texts, null)).toEqual([
      ["create", here],
      ["delete", there],
    ]);
    const [created] = operationsOf(file(texts, { movedFrom: there }), UPDATE);
    expect(created).toMatchObject({ content: "mine" });
  });

  test("with a conflict is written with its markers, or not at all", () => {
    expect(moves(BOTH, null)).toEqual([
      ["conflict", here],
      ["delete", there],
    ]);
    expect(moves(BOTH, null, ADD)).toEqual([["conflict", here]]);
  });

  test("to a place that is taken is a conflict, unless the same is there", () => {
    const texts = { base: "v1", disk: "v1", next: "v1" };
    expect(moves(texts, "somebody's")).toEqual([["conflict", here]]);
    expect(moves(texts, "v1")).toEqual([
      ["unchanged", here],
      ["delete", there],
    ]);
    expect(moves({ ...texts, disk: "mine" }, "v1")).toEqual([
      ["unchanged", here],
      ["keep", there],
    ]);
  });

  test("to a place where it is merged with what is there clears or keeps the old place", () => {
    const intent: Intent = { ...UPDATE, decisions: { [here]: "merge" } };
    const texts = { base: "v1", disk: "v1", next: "v1" };
    expect(moves(texts, "somebody's", intent)).toEqual([
      ["conflict", here],
      ["delete", there],
    ]);
    expect(moves({ ...texts, disk: "mine" }, "somebody's", intent)).toEqual([
      ["conflict", here],
      ["keep", there],
    ]);
  });

  test("and is overwritten by --force says that an edit is lost", () => {
    const moved = (disk: string, occupant: string | null) =>
      operationsOf(
        file({ base: "v1", disk, next: "v2" }, { movedFrom: there, occupant }),
        { ...UPDATE, force: true },
      ).at(-1);
    const lost = { operation: "delete", path: there, overwrites: true };
    expect(moved("mine", null)).toMatchObject({
      ...lost,
      reason: "moved to adws/x.ts, and overwritten by --force",
    });
    expect(moved("mine", "v2")).toMatchObject({
      ...lost,
      reason: "you edited it, and --force deletes it",
    });
    expect(moved("v1", null)).not.toHaveProperty("overwrites");
    expect(moved("v1", "v2")).not.toHaveProperty("overwrites");
  });

  test("and that its owner deleted stays deleted", () => {
    expect(moves({ base: "v1", disk: null, next: "v1" }, null)).toEqual([
      ["keep", here],
    ]);
  });
});
