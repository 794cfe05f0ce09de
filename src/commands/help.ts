/** Help, from the definitions of the commands, laid out for the width of the terminal. */
import { COMMANDS } from "./command-line.ts";
import { optionsOf, usageOf, type Command, type Option } from "./command.ts";

type Row = readonly [term: string, description: string];

const EXAMPLES: readonly Row[] = [
  ["adw-scaffold init", "Ask a few questions, then scaffold this project"],
  ["adw-scaffold init my-app --yes", "Scaffold a new project without prompts"],
  ["adw-scaffold add adw_websockets", "Add one module"],
  ["adw-scaffold render adw_mask", "Print one module, and write nothing"],
];

const EXIT_CODES =
  "Exit codes: 0 done, 1 the answer is no or it failed, 2 wrong usage or configuration.";

/** @param columns - width of the terminal, in characters; undefined where there is none */
export function helpText(
  command: Command | undefined,
  columns: number | undefined,
): string {
  const width = Math.max(40, Math.min(columns ?? 80, 100));
  const text = (line: string) => wrapped(line, width).join("\n");
  const table = (heading: string, rows: readonly Row[]) =>
    [text(heading), ...rowLines(rows, width)].join("\n");
  const options = [...optionGroups(command)].map(([heading, rows]) =>
    table(heading, rows),
  );
  const parts =
    command === undefined
      ? [
          "adw-scaffold <command> [options]",
          text(
            "AI Developer Workflow modules, rendered into your project: code you own.",
          ),
          table(
            "Commands:",
            COMMANDS.map((each) => [usageOf(each), each.summary]),
          ),
          ...options,
          table("Examples:", EXAMPLES),
          text("adw-scaffold <command> --help shows the options of a command."),
        ]
      : [
          text(`adw-scaffold ${usageOf(command)} [options]`),
          text(`${command.summary}.`),
          ...(command.argument === undefined
            ? []
            : [
                text(
                  `${command.argument.name}: ${command.argument.description}.`,
                ),
              ]),
          ...options,
        ];
  return `${[...parts, text(EXIT_CODES)].join("\n\n")}\n`;
}

/** The options of a command, by their heading. */
function optionGroups(command: Command | undefined): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const [name, option] of Object.entries(optionsOf(command))) {
    const { group = "Options:" } = option;
    groups.set(group, [...(groups.get(group) ?? []), optionRow(name, option)]);
  }
  return groups;
}

const VALUES = { boolean: "", string: " <value>", list: " <value,..>" };

function optionRow(name: string, option: Option): Row {
  const { type, alias, choices, negative, description } = option;
  const short = alias === undefined ? "    " : `-${alias}, `;
  const flag = negative === undefined ? name : `no-${name}`;
  const known = choices === undefined ? "" : ` (${choices.join(", ")})`;
  return [
    `${short}--${flag}${VALUES[type]}`,
    `${negative ?? description}${known}`,
  ];
}

/** With fewer characters beside the terms, each description stands below its term. */
const NARROWEST = 26;

function rowLines(rows: readonly Row[], width: number): string[] {
  const column = Math.max(...rows.map(([term]) => term.length)) + 4;
  const isBelow = width - column < NARROWEST;
  const indent = isBelow ? 8 : column;
  return rows.flatMap(([term, description]) => {
    const lines = wrapped(description, width - indent);
    if (isBelow) lines.unshift("");
    return lines.map((line, index) =>
      `${(index === 0 ? `  ${term}` : "").padEnd(indent)}${line}`.trimEnd(),
    );
  });
}

/** Lines of whole words. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1) ?? ""} ${word}`;
    if (lines.length > 0 && longer.length <= width) lines.splice(-1, 1, longer);
    else lines.push(word);
  }
  return lines;
}
