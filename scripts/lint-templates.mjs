/** Lints every template: prints file:line:column and what is wrong, exit code 1. */
import { readFile } from "node:fs/promises";
import { importSource, listTemplates, otherTemplates } from "./generate.mjs";

const { lintTemplate } = await importSource(
  "infrastructure/template-analysis.ts",
);
const { templateContext } = await importSource(
  "application/template-context.ts",
);
const { BUNDLED_MODULES, templatesOf } = await importSource(
  "domain/module-registry.ts",
);
const { DEFAULT_CONFIG } = await importSource("domain/config.ts");

const owners = new Map(
  BUNDLED_MODULES.flatMap((module) =>
    templatesOf(module).map((file) => [file, module]),
  ),
);
let problems = 0;
const paths = await listTemplates();
const fileOf = (path) => path.replace(/\.njk$/, "");
const others = await otherTemplates();
const files = new Set([...paths.map(fileOf), ...others.keys()]);
const report = (path, line, column, message) => {
  problems += 1;
  console.error(`templates/${path}:${line}:${column} ${message}`);
};

/** What a file that is copied says of its module must be so. */
function checkHeader(path, source, { name, version }) {
  for (const [index, line] of source.split("\n").entries()) {
    const said = /\bTemplate: +(\w+) (\d+\.\d+\.\d+)/.exec(line);
    if (said !== null && (said[1] !== name || said[2] !== version))
      report(path, index + 1, 1, `the header must say "${name} ${version}"`);
    const tag =
      /<<-? *(?:config|module|vocabulary)\b|<%-? *(?:if|for|set)\b/.exec(line);
    if (tag !== null)
      report(path, index + 1, tag.index + 1, "a file with a tag ends in .njk");
  }
}

for (const path of paths) {
  const owner = owners.get(fileOf(path));
  if (owner === undefined) {
    report(path, 1, 1, "no module in the registry owns this template");
    continue;
  }
  const source = await readFile(
    new URL(`../templates/${path}`, import.meta.url),
    "utf8",
  );
  if (!path.endsWith(".njk")) {
    checkHeader(path, source, owner);
    continue;
  }
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
for (const [file, module] of owners) {
  if (!files.has(file))
    report(file, 1, 1, `${module.name} lists it, and it does not exist`);
}
console.log(`${paths.length} templates, ${problems} problems`);
process.exitCode = problems === 0 ? 0 : 1;
