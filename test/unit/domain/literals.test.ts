import vm from "node:vm";
import {
  commentText,
  constant,
  htmlText,
  literal,
  sqlList,
  sqlLiteral,
} from "../../../src/domain/literals.ts";
import { formatTypeScript } from "../../helpers/format.ts";

const HOSTILE = [
  "plain",
  "it's",
  'say "hi"',
  `both ' and "`,
  "back\\slash",
  "new\nline",
  "\u2028\u2029",
  "${process.exit(1)}",
  "`",
  "*/ alert(1) /*",
  "</script>",
  "\0\u0001\u001f",
  "漢字 é 🎉",
  "\ud800",
];

test.each(HOSTILE)(
  "literal(%j) evaluates to the same string and nothing else",
  (text) => {
    const code = literal(text);
    expect(vm.runInNewContext(code)).toBe(text);
    expect(code).not.toMatch(/[\n\u2028\u2029]|<\/script/);
  },
);

test.each([0, 8765, 65_535, 1_048_576, -1, 1.5, true, null])(
  "literal(%p) evaluates to the same value",
  (value) => {
    expect(vm.runInNewContext(literal(value))).toBe(value);
  },
);

test.each([
  undefined,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  () => 1,
  Symbol("x"),
  {},
])("there is no literal for %p", (value) => {
  expect(() => literal(value)).toThrow(TypeError);
});

test.each<[unknown]>([
  ["short"],
  ["x".repeat(60)],
  ["x".repeat(200)],
  ["漢".repeat(30)],
  [['"', "'"]],
  [[]],
  [["a"]],
  [Array.from({ length: 12 }, (_, index) => `https://${index}.example`)],
  [["x".repeat(90)]],
  [8765],
  ...HOSTILE.slice(0, 11).map((text): [unknown] => [text]),
])("constant(%j) is laid out as prettier would", async (value) => {
  const code = `${constant(value, "export const ALLOWED_ORIGINS")}\n`;
  expect(await formatTypeScript(code)).toBe(code);
});

test("SQL literals double their quotes", () => {
  expect(sqlLiteral("it's")).toBe("'it''s'");
  expect(sqlLiteral("'); DROP TABLE x; --")).toBe("'''); DROP TABLE x; --'");
  expect(sqlList(["a", "b"])).toBe("'a', 'b'");
  expect(() => sqlLiteral("a\0b")).toThrow(TypeError);
});

test.each(HOSTILE)("a comment cannot be left by %j", (text) => {
  const comment = `/* ${commentText(text)} */ "after"`;
  expect(vm.runInNewContext(comment)).toBe("after");
  expect(commentText(text)).not.toMatch(/[\n\r]|-->/);
});

test("HTML text is escaped", () => {
  expect(htmlText(`<a href="x" id='y'>&`)).toBe(
    "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;",
  );
});
