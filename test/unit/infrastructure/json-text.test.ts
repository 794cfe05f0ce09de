import { editJson, parseJson } from "../../../src/infrastructure/json-text.ts";

test.each([
  ['{\n  "a": 1,\n}', 3, 1, "a property name in double quotes is missing"],
  ['{ "a": 1 // no\n}', 1, 10, "comments are not allowed"],
  ['{ "a": }', 1, 8, "a value is missing"],
  ['{ "a" 1 }', 1, 7, "a colon is missing"],
  ["", 1, 1, "a value is missing"],
  ['{ "a": 1 } {}', 1, 12, "text after the end of the value"],
  ["{ a: 1 }", 1, 3, "unexpected word"],
])("%j is refused at %i:%i", (text, line, column, problem) => {
  expect(() => parseJson(text, "f.json")).toThrow(
    expect.objectContaining({
      code: "JSON_INVALID",
      exitCode: 2,
      message: `not valid JSON: ${problem}`,
      where: { file: "f.json", line, column },
    }),
  );
});

test("a byte order mark is accepted", () => {
  expect(parseJson('\uFEFF{"a":1}', "f").value).toEqual({ a: 1 });
});

test.each([
  ["two spaces", '{\n  "b": [1, 2],\n  "a": {}\n}\n'],
  ["tabs", '{\n\t"b": [1, 2],\n\t"a": {}\n}'],
  ["Windows line ends", '{\r\n    "b": [1, 2],\r\n    "a": {}\r\n}\r\n'],
])("an edit keeps %s and everything around it", (_title, text) => {
  const edited = editJson(text, [{ path: ["a", "x"], value: "y" }]);
  expect(JSON.parse(edited)).toEqual({ b: [1, 2], a: { x: "y" } });
  expect(edited).toContain('"b": [1, 2]');
  expect(edited.includes("\r\n")).toBe(text.includes("\r\n"));
  expect(edited.replaceAll("\r\n", "\n").split("\n")[1]?.[0]).toBe(
    text.split("\n")[1]?.[0],
  );
  expect(edited.endsWith("\n")).toBe(text.endsWith("\n"));
});

test("what is written without white space stays so", () => {
  expect(
    editJson('{"name":"x","scripts":{"a":"b"}}', [
      { path: ["dependencies", "ws"], value: "^8.0.0" },
    ]),
  ).toBe('{"name":"x","scripts":{"a":"b"},"dependencies":{"ws":"^8.0.0"}}');
  expect(editJson("{}\n", [{ path: ["a"], value: 1 }])).toBe(
    '{\n  "a": 1\n}\n',
  );
});

test.each([
  '{"name":"x","scripts":{"a":"1"}}\n',
  '{\n\t"name": "x",\n\t"scripts": {\n\t\t"a": "1"\n\t}\n}\n',
])("what was added is taken out again, byte for byte: %j", (text) => {
  const added = editJson(text, [
    { path: ["scripts", "b"], value: "2" },
    { path: ["dependencies", "ws"], value: "^8.0.0" },
  ]);
  expect(added).not.toBe(text);
  expect(
    editJson(added, [
      { path: ["scripts", "b"], value: undefined },
      { path: ["dependencies"], value: undefined },
    ]),
  ).toBe(text);
});
