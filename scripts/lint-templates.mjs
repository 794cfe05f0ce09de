/** Lints every template: prints file:line:column and what is wrong, exit code 1. */
import { readFile } from "node:fs/promises";
import { importSource, listTemplates } from "./generate.mjs";

const { lintTemplate } = await importSource(
  "infrastructure/template-analysis.ts",
);
const { templateContext } = await importSource(
  "application/template-context.ts",
);
const { BUNDLED_MODULES } = await importSource("domain/module-registry.ts");
const { DEFAULT_CONFIG } = await importSource("domain/config.ts");

const owners = new Map(
  BUNDLED_MODULES.flatMap((module) =>
    module.files.map((file) => [`${file}.njk`, module]),
  ),
);
let problems = 0;
const paths = await listTemplates();
const report = (path, line, column, message) => {
  problems += 1;
  console.error(`templates/${path}:${line}:${column} ${message}`);
};
for (const path of paths) {
  const owner = owners.get(path);
  if (owner === undefined) {
    report(path, 1, 1, "no module in the registry owns this template");
    continue;
  }
  const source = await readFile(
    new URL(`../templates/${path}`, import.meta.url),
    "utf8",
  );
  const context = Object.fromEntries(
    Object.entries(templateContext(owner, DEFAULT_CONFIG)).filter(
      // Ours reach a setting as config.<key>.
      ([name]) => !Object.hasOwn(DEFAULT_CONFIG, name),
    ),
  );
  for (const problem of lintTemplate(source, path, context)) {
    report(path, problem.line, problem.column, problem.message);
  }
}
for (const [path, module] of owners) {
  if (!paths.includes(path))
    report(
      path,
      1,
      1,
      `${module.name} lists this template, and it does not exist`,
    );
}
console.log(`${paths.length} templates, ${problems} problems`);
process.exitCode = problems === 0 ? 0 : 1;
