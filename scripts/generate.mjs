/**
 * Writes src/generated/: what is computed once at build time so that nothing has
 * to be parsed at run time.
 *
 *   templates/…        every template, precompiled, with the names it uses
 *   config-json-schema.ts   the JSON Schema of adw.config.json
 *   config-type.ts     its TypeScript type, with the descriptions as comments
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
  const entries = [];
  for (const path of await listTemplates()) {
    const source = await readFile(join(root, "templates", path), "utf8");
    const file = fileOf(path);
    const code = `export const template = (() => {\n${compileToCode(source, path)}\n})();\nexport const packed = undefined;\n`;
    await writeFile(join(templatesFolder, `${file}.js`), code);
    await writeFile(
      join(templatesFolder, `${file}.d.ts`),
      'import type { CompiledTemplate, PackedText } from "../../infrastructure/compiled-template.ts";\nexport declare const template: CompiledTemplate;\nexport declare const packed: PackedText | undefined;\n',
    );
    const uses = analyseTemplate(source, path).names;
    const digest = createHash("sha256")
      .update(`${path}\n${source}`)
      .digest("hex")
      .slice(0, 16);
    entries.push(
      `  ${JSON.stringify(path)}: { uses: ${JSON.stringify(uses)}, digest: ${JSON.stringify(digest)}, load: () => import('./${file}.js') },`,
    );
  }
  await writeFile(
    join(templatesFolder, "index.ts"),
    `import type { CompiledTemplate, PackedText } from "../../infrastructure/compiled-template.ts";

export interface PrecompiledTemplate {
  /** Names of the context that the template uses. */
  uses: readonly string[];
  /** Digest of the template's text. */
  digest: string;
  load: () => Promise<{ template: CompiledTemplate; packed: PackedText | undefined }>;
}

export const precompiledTemplates: Readonly<Record<string, PrecompiledTemplate>> = {
${entries.join("\n")}
};
`,
  );
}

/** Each text that a template renders with the default settings, packed for the lock. */
async function packDefaults() {
  const { BUNDLED, renderDefinition } = await importSource(
    "application/render-module.ts",
  );
  const { DEFAULT_CONFIG } = await importSource("domain/config.ts");
  const { packText, sha256 } = await importSource(
    "infrastructure/project-files.ts",
  );
  for (const definition of BUNDLED.registry.modules) {
    const rendered = await renderDefinition(definition, DEFAULT_CONFIG);
    for (const [index, { content }] of rendered.entries()) {
      const file = `${fileOf(`${definition.files[index]}.njk`)}.js`;
      const code = await readFile(join(templatesFolder, file), "utf8");
      const packed = { sha256: sha256(content), base: packText(content) };
      await writeFile(
        join(templatesFolder, file),
        code.replace(
          "packed = undefined",
          `packed = ${JSON.stringify(packed)}`,
        ),
      );
    }
  }
}

async function generateConfig() {
  const { CONFIG_SCHEMA } = await importSource("domain/config-schema.ts");
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
  await generateTemplates();
  const schema = await generateConfig();
  await packDefaults();
  return schema;
}
