/**
 * Keeps the generated parts of the documents true: the text between
 * `<!-- name -->` and `<!-- /name -->` comes from the code.
 *
 *   node scripts/docs.mjs           rewrites them
 *   node scripts/docs.mjs --check   exit code 1 when one is out of date
 */
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { importSource } from "./generate.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { CONFIG_KEYS, configKeyFacts } = await importSource(
  "domain/config-schema.ts",
);
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
    after = after.replace(
      new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(\n<!-- /${name} -->)`),
      (_, start, end) => `${start}\n${generate()}\n${end}`,
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
process.exitCode = process.argv.includes("--check") && outdated > 0 ? 1 : 0;
