import { projectPath } from "../../../src/domain/paths.ts";
import { changesOf, editOperation } from "../../../src/domain/plan.ts";

test.each<[string | null, string | null, string[]]>([
  [null, null, []],
  [null, "a", ["create"]],
  ["a", "a", ["unchanged"]],
  ["a", "b", ["update"]],
  ["a", null, ["delete"]],
])("a file that is edited from %j to %j: %j", (before, after, names) => {
  const operations = editOperation({
    path: projectPath("p"),
    before,
    after,
    reason: "why",
  });
  expect(operations.map(({ operation }) => operation)).toEqual(names);
});

test("only create, update, merge, delete and written markers change files", () => {
  const common = { path: projectPath("p"), module: "m", reason: "" };
  const conflict = {
    ...common,
    operation: "conflict",
    cause: "both_changed",
    content: "b",
    merged: "<<<",
    previous: "a",
  } as const;
  expect(
    changesOf([
      { ...common, operation: "create", content: "a" },
      { ...common, operation: "unchanged", content: "a" },
      { ...common, operation: "update", content: "b", previous: "a" },
      { ...common, operation: "merge", content: "c", previous: "a" },
      { ...conflict, resolution: "refuse" },
      { ...conflict, resolution: "markers" },
      { ...common, operation: "keep", cause: "deleted", previous: null },
      { ...common, operation: "delete", previous: "a" },
    ]),
  ).toEqual([
    { path: "p", content: "a", previous: null },
    { path: "p", content: "b", previous: "a" },
    { path: "p", content: "c", previous: "a" },
    { path: "p", content: "<<<", previous: "a" },
    { path: "p", content: null, previous: "a" },
  ]);
});
