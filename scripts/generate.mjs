/**
 * Writes src/generated/: what is computed once at build time so that nothing has
 * to be parsed at run time.
 *
 *   templates/…        every template, precompiled
 *   template-facts.ts  the names that each uses, and its digest
 *   default-texts/…    what a module renders with the default settings
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

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const generated = join(root, "src/generated");
const templatesFolder = join(generated, "templates");

/** Name, without extension, of the file that a template is compiled into. */
const fileOf = (path) =>
  path.replaceAll(/[^A-Za-z0-9]+/g, "-").replace(/^-/, "");

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

export async function listTemplates() {
  const entries = await readdir(join(root, "templates"), {
    recursive: true,
    withFileTypes: true,
  });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".njk"))
    .map((entry) =>
      relative(
        join(root, "templates"),
        join(entry.parentPath, entry.name),
      ).replaceAll("\\", "/"),
    )
    .toSorted();
}

async function generateTemplates() {
  const { analyseTemplate } = await importSource(
    "infrastructure/template-analysis.ts",
  );
  const { compileToCode } = await importSource(
    "infrastructure/template-compiler.ts",
  );
  await mkdir(templatesFolder, { recursive: true });
  const facts = {};
  const loaders = [];
  for (const path of await listTemplates()) {
    const source = await readFile(join(root, "templates", path), "utf8");
    const file = fileOf(path);
    await writeFile(
      join(templatesFolder, `${file}.js`),
      `export const template = (() => {\n${compileToCode(source, path)}\n})();\n`,
    );
    await writeFile(
      join(templatesFolder, `${file}.d.ts`),
      'import type { CompiledTemplate } from "../../infrastructure/compiled-template.ts";\nexport declare const template: CompiledTemplate;\n',
    );
    facts[path] = {
      uses: analyseTemplate(source, path).names,
      digest: sha256(`${path}\n${source}`).slice(0, 16),
    };
    loaders.push(`  ${JSON.stringify(path)}: () => import('./${file}.js'),`);
  }
  await writeFile(
    join(templatesFolder, "index.ts"),
    `import type { CompiledTemplate } from "../../infrastructure/compiled-template.ts";

export const precompiledTemplates: Readonly<Record<string, () => Promise<{ template: CompiledTemplate }>>> = {
${loaders.join("\n")}
};
`,
  );
  return facts;
}

/**
 * What is known of the templates without loading them.
 *
 * @param facts - by the path of the template
 * @param defaultTexts - by the name of the module
 */
async function writeFacts(facts, defaultTexts) {
  await writeFile(
    join(generated, "template-facts.ts"),
    `export interface TemplateFacts {
  /** Names of the context that the template uses. */
  uses: readonly string[];
  /** Digest of the template's path and text. */
  digest: string;
}

export const TEMPLATE_FACTS: Readonly<Record<string, TemplateFacts>> = ${JSON.stringify(facts, null, 1)};

/** Where the build puts them: beside the code, bundled or not. */
export const defaultTextsFolder = (): string => __dirname + "/default-texts";

/** Files with what a module's templates render with the default settings, by module. */
export const DEFAULT_TEXTS: Readonly<Record<string, string>> = ${JSON.stringify(defaultTexts, null, 1)};
`,
  );
}

/**
 * Writes what each module renders with the default settings into one file, with
 * the same packed for the lock; see src/infrastructure/default-texts.ts. The
 * digest in its name ties it to the code that is built with it.
 *
 * @returns the file of each module
 */
async function writeDefaultTexts() {
  const { BUNDLED, renderDefinition } = await importSource(
    "application/render-module.ts",
  );
  const { DEFAULT_CONFIG } = await importSource("domain/config.ts");
  const { packText } = await importSource("infrastructure/project-files.ts");
  const folder = join(generated, "default-texts");
  await mkdir(folder, { recursive: true });
  const files = {};
  for (const definition of BUNDLED.registry.modules) {
    const rendered = await renderDefinition(definition, DEFAULT_CONFIG);
    const entries = rendered.map(({ content }, index) => ({
      path: `${definition.files[index]}.njk`,
      content,
      base: packText(content),
    }));
    const table = entries.map(({ path, content, base }) => [
      path,
      sha256(content),
      Buffer.byteLength(content),
      base.length,
    ]);
    const text = `${JSON.stringify(table)}\n${entries.map(({ content, base }) => content + base).join("")}`;
    const name = `${definition.name}-${sha256(text).slice(0, 8)}.txt`;
    await writeFile(join(folder, name), text);
    files[definition.name] = name;
  }
  return files;
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
  const facts = await generateTemplates();
  await writeFacts(facts, {});
  const schema = await generateConfig();
  await writeFacts(facts, await writeDefaultTexts());
  return schema;
}
