import { COMMANDS } from "../../../src/commands/command-line.ts";
import { helpText } from "../../../src/commands/help.ts";

const words = (text: string) => text.split(/\s+/);

describe.each([undefined, ...COMMANDS])("the help of $name", (command) => {
  test.each([40, 50, 80, 100])(
    "fits %d columns, every word whole",
    (columns) => {
      const text = helpText(command, columns);
      const longest = Math.max(...text.split("\n").map(({ length }) => length));
      expect(longest).toBeLessThanOrEqual(columns);
      expect(words(text)).toEqual(words(helpText(command, 100)));
    },
  );
});

test("a narrow terminal has descriptions below long options, and beside short ones", () => {
  const update = COMMANDS.find(({ name }) => name === "update");
  expect(helpText(update, 50)).toContain(`
      --force
        Overwrite files that already exist, and
        edits
`);
  expect(helpText(update, 80)).toContain(`
      --force                Overwrite files that already exist, and edits
`);
  expect(helpText(undefined, 50)).toContain(`
  init [dir]          Scaffold adws/ into a new or
                      existing project
`);
});
