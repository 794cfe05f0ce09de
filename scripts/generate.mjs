/**
 * Writes src/generated/: what is computed once at build time so that nothing has
 * to be parsed at run time.
 *
 *   templates/…        the templates of each module
 *   dashboard-source.ts     the files of the dashboard's source
 *   config-json-schema.ts   the JSON Schema of adw.config.json
 *   config-type.ts     its TypeScript type, with the descriptions as comments
 *   default-config.ts  the configuration with nothing set
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { compile as schemaToType } from "json-schema-to-typescript";
import { buildDashboard } from "./dashboard.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const generated = join(root, "src/generated");
const templatesFolder = join(generated, "templates");

/** Runs a TypeScript module of src/ at build time. */
export async function importSource(path) {
  const outfile = join(root, "build/source", path.replace(/\.ts$/, ".mjs"));
  await build({
    entryPoints: [join(root, "src", path)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
  });
  return import(`${pathToFileURL(outfile).href}?${Date.now()}`);
}

/** Every file of templates/, by its path below it. */
export async function listTemplates() {
  const entries = await readdir(join(root, "templates"), {
    recursive: true,
    withFileTypes: true,
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      relative(
        join(root, "templates"),
        join(entry.parentPath, entry.name),
      ).replaceAll("\\", "/"),
    )
    .toSorted();
}

/** What the module adw_dashboard_source renders besides its own templates. */
async function listDashboardSource() {
  const entries = await readdir(join(root, "dashboard/src"), {
    recursive: true,
    withFileTypes: true,
  });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      relative(
        join(root, "dashboard"),
        join(entry.parentPath, entry.name),
      ).replaceAll("\\", "/"),
    );
  return ["build_page.ts", ...paths.toSorted()];
}

const SOURCE_FOLDER = "adws/adw_dashboard_source/";

async function generateDashboardSource() {
  const files = (await listDashboardSource()).map(
    (path) => `${SOURCE_FOLDER}${path}`,
  );
  await writeFile(
    join(generated, "dashboard-source.ts"),
    `export const DASHBOARD_SOURCE_FILES: readonly \`adws/\${string}\`[] = ${JSON.stringify(files, null, 2)};\n`,
  );
}

/** Files of modules that lie elsewhere than below templates/: the file and its path. */
export async function otherTemplates() {
  const source = (await listDashboardSource()).map((path) => [
    `${SOURCE_FOLDER}${path}`,
    `dashboard/${path}`,
  ]);
  return new Map([
    ["adws/adw_dashboard/index.html", "build/dashboard/index.html"],
    ...source,
  ]);
}

/**
 * Writes the templates of each module as one file of code: the text of plain ones,
 * the tagged ones compiled. A command loads those of the modules it renders.
 */
async function generateTemplates() {
  const { analyseTemplate } = await importSource(
    "infrastructure/template-analysis.ts",
  );
  const { compileToCode } = await importSource(
    "infrastructure/template-compiler.ts",
  );
  const { BUNDLED_MODULES, templatesOf } = await importSource(
    "domain/module-registry.ts",
  );
  await mkdir(templatesFolder, { recursive: true });
  const paths = new Set(await listTemplates());
  const others = await otherTemplates();
  const facts = [];
  for (const module of BUNDLED_MODULES) {
    const { name } = module;
    const templates = [];
    for (const file of templatesOf(module)) {
      const other = others.get(file);
      const tagged = other === undefined && !paths.has(file);
      const path = tagged ? `${file}.njk` : file;
      const source = await readFile(
        join(root, other ?? join("templates", path)),
        "utf8",
      );
      const uses = tagged ? analyseTemplate(source, path).names : [];
      const digest = sha256(`${path}\n${source}`).slice(0, 16);
      const value = tagged
        ? `{ kind: "tagged", compiled: (() => {\n${compileToCode(source, path)}\n})() }`
        : `{ kind: "plain", text: ${JSON.stringify(source)} }`;
      templates.push(`  [${JSON.stringify(file)}, ${value}],`);
      facts.push(
        `  [${JSON.stringify(file)}, ${JSON.stringify({ module: name, tagged, uses, digest })}],`,
      );
    }
    await writeFile(
      join(templatesFolder, `${name}.js`),
      `export const templates = new Map([\n${templates.join("\n")}\n]);\n`,
    );
  }
  await writeFile(
    join(templatesFolder, "index.ts"),
    `import type { Template, TemplateFacts } from "../../infrastructure/template-source.ts";

export const BUNDLED_FACTS: ReadonlyMap<string, TemplateFacts & { module: string }> = new Map([
${facts.join("\n")}
]);

/** The templates of each module, by file; required, which costs half of an import. */
export const LOADERS: ReadonlyMap<string, () => Promise<{ templates: ReadonlyMap<string, Template> }>> = new Map([
${BUNDLED_MODULES.map(({ name }) => `  [${JSON.stringify(name)}, async () => require("./${name}.js")],`).join("\n")}
]);
`,
  );
}

function sha256(text) {
  return createHash("sha256").update(text).digest("hex");
}

async function generateConfig() {
  const { CONFIG_SCHEMA } = await importSource("domain/config-schema.ts");
  const { parse } = await import("valibot");
  const { toJsonSchema } = await import("@valibot/to-json-schema");
  const { $schema, ...schema } = toJsonSchema(CONFIG_SCHEMA, {
    // A check (the port's two ranges) has no JSON Schema of its own; see below.
    ignoreActions: ["check"],
    typeMode: "input",
  });
  schema.properties.websocket_port = {
    ...schema.properties.websocket_port,
    anyOf: [{ const: 0 }, { minimum: 1024, maximum: 65535 }],
  };
  const document = {
    $schema,
    title: "AdwConfig",
    description: "Configuration of adw-scaffold.",
    ...schema,
    properties: {
      $schema: { type: "string", description: "For editors; not a setting." },
      ...schema.properties,
    },
  };
  await writeFile(
    join(generated, "config-json-schema.ts"),
    `export const CONFIG_JSON_SCHEMA: Readonly<Record<string, unknown>> = ${JSON.stringify(document, null, 2)};\n`,
  );
  const type = await schemaToType(
    {
      ...schema,
      title: "AdwConfig",
      required: Object.keys(schema.properties),
      properties: Object.fromEntries(
        // Bounds on length would become tuple types, which nobody can write by hand.
        Object.entries(schema.properties).map(
          ([key, { maxItems: _maxItems, anyOf: _anyOf, ...property }]) => [
            key,
            property,
          ],
        ),
      ),
    },
    "AdwConfig",
    { additionalProperties: false, bannerComment: "" },
  );
  await writeFile(join(generated, "config-type.ts"), type);
  await writeFile(
    join(generated, "default-config.ts"),
    `import type { AdwConfig } from "./config-type.ts";

export const DEFAULT_CONFIG: AdwConfig = ${JSON.stringify(parse(CONFIG_SCHEMA, {}), null, 2)};
`,
  );
  return document;
}

/** The JSON Schema of adw.lock.json, for editors and other programs that read it. */
export async function lockJsonSchema() {
  const { LOCK_SCHEMA } = await importSource("domain/lock-schema.ts");
  const { toJsonSchema } = await import("@valibot/to-json-schema");
  const { $schema, ...schema } = toJsonSchema(LOCK_SCHEMA, {
    // What makes a path safe has no JSON Schema.
    ignoreActions: ["guard"],
    typeMode: "input",
  });
  return {
    $schema,
    title: "AdwLock",
    description: "What adw-scaffold wrote into this project; do not edit it.",
    ...schema,
  };
}

/** Generates everything and returns the JSON Schema of the configuration. */
export async function generate() {
  await rm(generated, { recursive: true, force: true });
  await mkdir(generated, { recursive: true });
  await generateDashboardSource();
  const schema = await generateConfig();
  const { BUNDLED_MODULES } = await importSource("domain/module-registry.ts");
  const page = BUNDLED_MODULES.find(({ name }) => name === "adw_dashboard");
  await buildDashboard(page.version);
  await generateTemplates();
  return schema;
}
