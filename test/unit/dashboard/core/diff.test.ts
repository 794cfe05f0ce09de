import { diff } from "../../../helpers/dashboard/source.ts";

const SIGNS = { same: " ", added: "+", removed: "-", gap: "…" };

function drawn(input: unknown) {
  return diff.editsOf(input).map(({ path, lines }) => ({
    path,
    lines: lines.map(({ kind, text }) => `${SIGNS[kind]}${text}`),
  }));
}

test("an Edit is what changed, with the lines around it", () => {
  const before = ["1", "2", "3", "4", "5", "6", "7", "8", "9"].join("\n");
  const input = {
    file_path: "a.ts",
    old_string: before,
    new_string: before.replace("6", "six"),
  };
  expect(diff.isEdit("Edit", input)).toBe(true);
  expect(drawn(input)).toEqual([
    {
      path: "a.ts",
      lines: ["…", " 3", " 4", " 5", "-6", "+six", " 7", " 8", " 9"],
    },
  ]);
});

test.each([
  ["Write", { file_path: "b.md", content: "one\ntwo\n" }],
  ["write", { filePath: "b.md", content: "one\r\ntwo\r\n" }],
  ["write_file", { file_path: "b.md", content: "one\ntwo" }],
])("a %s adds every line of the file", (tool, input) => {
  expect(diff.isEdit(tool, input)).toBe(true);
  expect(drawn(input)).toEqual([{ path: "b.md", lines: ["+one", "+two"] }]);
});

test("a MultiEdit is its edits, one after the other", () => {
  const input = {
    file_path: "c.ts",
    edits: [
      { old_string: "a", new_string: "b" },
      { oldString: "c", newString: "" },
      { old_string: 5 },
      null,
    ],
  };
  expect(diff.isEdit("MultiEdit", input)).toBe(true);
  expect(drawn(input)).toEqual([
    { path: "c.ts", lines: ["-a", "+b", "…", "-c"] },
  ]);
});

const PATCH = [
  "*** Begin Patch",
  "*** Update File: src/a.ts",
  "*** Move to: src/b.ts",
  "@@ function x()",
  " same",
  "-old",
  "+new",
  "*** Add File: new.ts",
  "+only",
  "*** Delete File: gone.ts",
  "*** End Patch",
  "ignored",
].join("\n");

test.each([
  ["as text", PATCH],
  ["in a field", { input: PATCH }],
  ["in a command", { command: ["apply_patch", PATCH] }],
  ["in a shell", { command: `apply_patch <<'EOF'\n${PATCH}\nEOF` }],
])("an apply_patch %s is a diff of each file", (_where, input) => {
  expect(diff.isEdit("apply_patch", input)).toBe(true);
  expect(drawn(input)).toEqual([
    {
      path: "src/a.ts → src/b.ts",
      lines: ["…function x()", " same", "-old", "+new"],
    },
    { path: "new.ts", lines: ["+only"] },
    { path: "gone.ts", lines: [] },
  ]);
});

test.each([
  ["Bash", { command: "ls" }],
  ["Read", { file_path: "a" }],
  ["Read", { file_path: "a", content: "x" }],
  ["Edit", { file_path: 5, old_string: "a", new_string: "b" }],
  ["Edit", null],
  ["Edit", 7],
  ["Edit", []],
])("a %s of %j is no edit", (tool, input) => {
  expect(diff.isEdit(tool, input)).toBe(false);
});

test("finds the fewest changes", () => {
  const lines = diff.diffLines("a\nb\nc\nd", "b\nc\nx\nd");
  expect(lines.map(({ kind, text }) => `${SIGNS[kind]}${text}`)).toEqual([
    "-a",
    " b",
    " c",
    "+x",
    " d",
  ]);
});

test("texts too long to compare are told as removed and added, at once", () => {
  const text = (word: string) =>
    Array.from({ length: 5_000 }, (_, n) => `${word} ${n}`).join("\n");
  const { user } = process.cpuUsage();
  const edits = diff.editsOf({
    file_path: "big",
    old_string: text("old"),
    new_string: text("new"),
  });
  expect(process.cpuUsage().user - user).toBeLessThan(500_000);
  expect(diff.countChanges(edits)).toEqual({ added: 5_000, removed: 5_000 });
});
