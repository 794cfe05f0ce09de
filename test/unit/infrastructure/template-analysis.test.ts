import { lintTemplate } from "../../../src/infrastructure/template-analysis.ts";

const context = { port: 1, modules: ["a"], module: { version: "1" } };

function problems(source: string, path = "adws/x.ts.njk"): string[] {
  return lintTemplate(source, path, context).map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  );
}

test.each([
  [
    "a value through a literal filter",
    "export const P = << port | literal >>;\n",
  ],
  ["a whole constant", '<< port | constant("export const P") >>\n'],
  ["a comment", "// << module.version | comment >>\n"],
  [
    "a loop variable",
    "<% for name in modules %>\n<< name | literal >>\n<% endfor %>\n",
  ],
  ["a condition", "<% if port == 1 %>\nx\n<% else %>\ny\n<% endif %>\n"],
  ["a set", "<% set x = port %>\n<< x | literal >>\n"],
  ["a template comment with << in it", "<# 1 << 2 #>\n"],
  [
    "shifts to the right and generics",
    "const m: Map<string, Array<number>> = x >>> 0;\n",
  ],
  ["a literal << in disguise", 'const n = 1 << "<<" | verbatim >> 2;\n'],
])("accepts %s", (_title, source) => {
  expect(problems(source)).toEqual([]);
});

test.each([
  [
    "an unknown name",
    "a\n<< prt | literal >>\n",
    '2:4 "prt" does not exist in the context',
  ],
  [
    "an unknown name in an if",
    "\n\n<% if prt %>x<% endif %>\n",
    '3:7 "prt" does not exist in the context',
  ],
  [
    "an unknown name in a for",
    "<% for x in prts %><% endfor %>\n",
    '1:13 "prts" does not exist in the context',
  ],
  [
    "an unknown name behind a filter",
    '<< prt | default("x") | literal >>\n',
    '1:4 "prt" does not exist in the context',
  ],
  [
    "an unknown field",
    "<< module.vers | comment >>\n",
    '1:10 "module.vers" does not exist in the context',
  ],
  [
    "a value without a filter",
    "<< port >>\n",
    "1:4 a value must go through a literal filter here (literal, constant, comment, verbatim)",
  ],
  [
    "a filter of another language",
    "<< port | sql >>\n",
    '1:11 a value must go through a literal filter here (literal, constant, comment, verbatim), not "sql"',
  ],
  [
    "verbatim on a value",
    "<< port | verbatim >>\n",
    '1:11 "verbatim" is for string constants of the template only',
  ],
  [
    "another template taken in",
    'a\n<% include "b.njk" %>\n',
    "2:4 a template stands alone: it cannot take in another one",
  ],
  [
    "raw",
    "<% raw %>x<% endraw %>\n",
    '1:1 "raw" does not work with these delimiters; use a filter on a string',
  ],
])("refuses %s", (_title, source, expected) => {
  expect(problems(source)).toContainEqual(expected);
});

test("a literal << is named with its line, with and without trimmed blocks before it", () => {
  expect(
    problems("<% if port %>\nx\n<% endif %>\nconst n = 1 << 2;\n")[0],
  ).toMatch(/^4:13 a literal "<<" is read as a tag/);
});

test("a syntax error has the template's own line", () => {
  const [problem] = problems("line 1\nline 2\n<% if port %>\nnever closed\n");
  expect(problem).toMatch(/^4:1 parseIf: expected elif/);
  expect(problems("a\nb\n<< port | >>\n")[0]).toMatch(/^3:/);
});

test("values in SQL go through SQL filters", () => {
  expect(
    problems("CHECK (x IN (<< modules | sql_list >>))\n", "adws/x.sql.njk"),
  ).toEqual([]);
  expect(problems("<< port | literal >>\n", "adws/x.sql.njk")).toHaveLength(1);
});
