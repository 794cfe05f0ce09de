/**
 * Keeps the generated parts of the documents true: the text between
 * `<!-- name -->` and `<!-- /name -->` comes from the code.
 *
 *   node scripts/docs.mjs           rewrites them
 *   node scripts/docs.mjs --check   exit code 1 when one is out of date
 */
import { existsSync } from "node:fs";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { importSource } from "./generate.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { CONFIG_KEYS, configKeyFacts } = await importSource(
  "domain/config-schema.ts",
);
const { COMMANDS } = await importSource("commands/command-line.ts");
const { usageOf } = await importSource("commands/command.ts");
const { BUNDLED_MODULES } = await importSource("domain/module-registry.ts");

const GENERATED = {
  "config-table": () =>
    [
      "| key | default | what it is |",
      "| --- | --- | --- |",
      ...CONFIG_KEYS.map((key) => {
        const { defaultValue, description, choices } = configKeyFacts(key);
        const allowed =
          choices.length === 0
            ? ""
            : ` One of ${choices.map((choice) => `\`${choice}\``).join(", ")}.`;
        return `| \`${key}\` | \`${JSON.stringify(defaultValue)}\` | ${description}${allowed} |`;
      }),
    ].join("\n"),
  "command-table": () =>
    [
      "| command | what it does |",
      "| --- | --- |",
      ...COMMANDS.map(
        (command) => `| \`${usageOf(command)}\` | ${command.summary} |`,
      ),
    ].join("\n"),
  "module-table": () =>
    [
      "| module | what it is | needs |",
      "| --- | --- | --- |",
      ...BUNDLED_MODULES.filter(({ hidden }) => !hidden).map(
        ({ name, summary, requires = [], dependencies = {} }) =>
          `| \`${name}\` | ${summary} | ${[...requires, ...Object.keys(dependencies)].map((need) => `\`${need}\``).join(", ")} |`,
      ),
    ].join("\n"),
};

let outdated = 0;
for (const file of ["README.md"]) {
  const path = join(root, file);
  const before = await readFile(path, "utf8");
  let after = before;
  for (const [name, generate] of Object.entries(GENERATED)) {
    const marked = new RegExp(
      `(<!-- ${name} -->)[\\s\\S]*?(<!-- /${name} -->)`,
    );
    if (!marked.test(after))
      throw new Error(`${file} has no place for ${name}`);
    after = after.replace(
      marked,
      (_, start, end) => `${start}\n\n${generate()}\n\n${end}`,
    );
  }
  after = await format(after, { parser: "markdown" });
  if (after === before) continue;
  outdated += 1;
  if (process.argv.includes("--check")) {
    console.error(
      `${file}: a generated part is out of date; run: node scripts/docs.mjs`,
    );
  } else {
    await writeFile(path, after);
    console.log(`${file}: updated`);
  }
}
// Every package has a line that says why it is there, and every line a package.
const { devDependencies } = JSON.parse(
  await readFile(join(root, "package.json"), "utf8"),
);
const rendered = BUNDLED_MODULES.flatMap((module) =>
  [module, ...(module.conditionalDependencies ?? [])].flatMap(
    ({ dependencies = {}, devDependencies = {} }) =>
      Object.keys({ ...dependencies, ...devDependencies }),
  ),
);
const used = new Set([...Object.keys(devDependencies), ...rendered]);
const DEPENDENCIES = "docs/dependencies.md";
const lines = (await readFile(join(root, DEPENDENCIES), "utf8"))
  .split("\n")
  .filter((line) => line.startsWith("| `"));
const named = new Set(
  lines.flatMap((line) =>
    [...line.split("|")[1].matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  ),
);
const isNamed = (name) =>
  named.has(name) || (name.startsWith("@types/") && named.has("@types/*"));
for (const name of used) {
  if (isNamed(name)) continue;
  outdated += 1;
  console.error(`${DEPENDENCIES}: no line says why ${name} is there`);
}
for (const name of named) {
  if (used.has(name) || name === "@types/*") continue;
  outdated += 1;
  console.error(`${DEPENDENCIES}: ${name} is not used any more`);
}

// A link to a page that is not there is as untrue as a wrong sentence.
for (const file of ["README.md", "CONTRIBUTING.md", ...(await pages())]) {
  const text = await readFile(join(root, file), "utf8");
  for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) {
    if (existsSync(join(root, dirname(file), target))) continue;
    outdated += 1;
    console.error(`${file}: there is no ${target}`);
  }
}

async function pages() {
  const names = await readdir(join(root, "docs"));
  return names
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
}

process.exitCode = process.argv.includes("--check") && outdated > 0 ? 1 : 0;
