import {
  changesOf,
  planFile,
  type FileVersions,
  type PlanPolicy,
} from "../../src/domain/plan.ts";

const policy: PlanPolicy = { force: false, restoreDeleted: true };

function plan(
  versions: Pick<FileVersions, "base" | "disk" | "next">,
  changes: Partial<PlanPolicy> = {},
) {
  return planFile(
    { path: "adws/x.ts", module: "x", ...versions },
    { ...policy, ...changes },
  );
}

describe("planFile", () => {
  test.each([
    ["a new file", null, null, "v1", "create"],
    ["a file as we would write it", null, "v1", "v1", "unchanged"],
    ["a file in the way that we did not write", null, "mine", "v1", "conflict"],
    ["an untouched file of an older version", "v1", "v1", "v2", "update"],
    [
      "an edited file whose template did not change",
      "v1",
      "mine",
      "v1",
      "keep",
    ],
    [
      "an edited file whose template changed too",
      "v1",
      "mine",
      "v2",
      "conflict",
    ],
    ["both sides made the same change", "v1", "v2", "v2", "unchanged"],
    ["a dropped file, untouched", "v1", "v1", null, "delete"],
    ["a dropped file, edited", "v1", "mine", null, "keep"],
  ])("%s", (_title, base, disk, next, operation) => {
    expect(plan({ base, disk, next })?.operation).toBe(operation);
  });

  test("a dropped file that is gone already needs nothing", () => {
    expect(plan({ base: "v1", disk: null, next: null })).toBeUndefined();
  });

  test("a file that the owner deleted comes back or stays away, as the command wants", () => {
    const versions = { base: "v1", disk: null, next: "v1" };
    expect(plan(versions)?.operation).toBe("create");
    expect(plan(versions, { restoreDeleted: false })?.operation).toBe("keep");
  });

  test.each([
    [null, "mine", "v1"],
    ["v1", "mine", "v1"],
    ["v1", "mine", "v2"],
  ])("force overwrites (base %p)", (base, disk, next) => {
    expect(plan({ base, disk, next }, { force: true })).toMatchObject({
      operation: "update",
      content: next,
      previous: disk,
    });
  });

  test("a merge without conflicts keeps both sides", () => {
    const merge = () => ({ content: "both", conflicts: 0, settled: 0 });
    expect(
      plan({ base: "v1", disk: "mine", next: "v2" }, { merge }),
    ).toMatchObject({ operation: "merge", content: "both", previous: "mine" });
  });

  test("a merge that changes nothing keeps the owner's file", () => {
    const merge = (_base: string, yours: string) => ({
      content: yours,
      conflicts: 0,
      settled: 0,
    });
    expect(
      plan({ base: "v1", disk: "mine", next: "v2" }, { merge })?.operation,
    ).toBe("keep");
  });

  test("a merge with conflicts is a conflict that says how many", () => {
    const merge = () => ({ content: "<<<<<<<", conflicts: 2, settled: 0 });
    expect(
      plan({ base: "v1", disk: "mine", next: "v2" }, { merge }),
    ).toMatchObject({
      operation: "conflict",
      reason: "2 places changed by both you and the template",
    });
  });
});

test("only create, update, merge and delete change files", () => {
  const common = { path: "p", module: "m" };
  expect(
    changesOf([
      { operation: "create", ...common, content: "a" },
      { operation: "unchanged", ...common, content: "a" },
      {
        operation: "update",
        ...common,
        content: "b",
        previous: "a",
        reason: "",
      },
      {
        operation: "conflict",
        cause: "in_the_way",
        merged: null,
        ...common,
        content: "b",
        previous: "a",
        reason: "",
        resolution: "refuse",
      },
      {
        operation: "keep",
        cause: "deleted",
        ...common,
        previous: null,
        reason: "",
      },
      { operation: "delete", ...common, previous: "a", reason: "" },
    ]),
  ).toEqual([
    { path: "p", content: "a", previous: null },
    { path: "p", content: "b", previous: "a" },
    { path: "p", content: null, previous: "a" },
  ]);
});
