/**
 * `adw-scaffold/testing`: what a template author's own tests need. Render a
 * module with many configurations in memory, and check the results' format and
 * types.
 *
 * ```ts
 * const rendered = await renderMatrix("my_module", { default: {}, other: { websocket_port: 9001 } });
 * expect(rendered).toMatchSnapshot();
 * expect(await checkFormat(rendered["default"].files)).toEqual([]);
 * expect(await checkTypes(rendered["default"].files)).toEqual([]);
 * ```
 */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { moduleSource } from "./application/module-source.ts";
import {
  renderModule,
  type RenderedFile,
  type RenderedModule,
} from "./application/render-module.ts";
import { parseConfig, type AdwConfigInput } from "./domain/config.ts";
import { RefusedError } from "./domain/errors.ts";
import { absolutePath } from "./domain/paths.ts";

export type {
  RenderedFile,
  RenderedModule,
} from "./application/render-module.ts";
export type { AdwConfig, AdwConfigInput } from "./domain/config.ts";

export interface MatrixOptions {
  /** The project that holds `templates_dir`; by default the current folder. */
  root?: string;
  /** Folder with templates of your own, relative to root. */
  templatesDir?: string;
}

/**
 * Renders one module with each configuration. Nothing is written.
 *
 * @throws {ConfigError} for a template that does not lint, with file and line.
 */
export async function renderMatrix(
  module: string,
  configs: Readonly<Record<string, AdwConfigInput>>,
  { root = process.cwd(), templatesDir = "" }: MatrixOptions = {},
): Promise<Record<string, RenderedModule>> {
  const source = await moduleSource(
    absolutePath(root),
    parseConfig({ templates_dir: templatesDir }),
  );
  const rendered = await Promise.all(
    Object.entries(configs).map(
      async ([name, config]) =>
        [name, await renderModule(module, config, source)] as const,
    ),
  );
  return Object.fromEntries(rendered);
}

/**
 * The paths that prettier's defaults would format differently. Uses the prettier
 * of the project.
 *
 * @throws {RefusedError} code `TOOL_MISSING` without prettier.
 */
export async function checkFormat(
  files: readonly RenderedFile[],
  { root = process.cwd() }: Pick<MatrixOptions, "root"> = {},
): Promise<string[]> {
  const prettier: Partial<PrettierLike> = createRequire(
    join(root, "package.json"),
  )(resolveTool(root, "prettier"));
  const wrong: string[] = [];
  for (const { path, content } of files) {
    const { inferredParser } = (await prettier.getFileInfo?.(path)) ?? {};
    if (inferredParser === undefined || inferredParser === null) continue;
    if ((await prettier.check?.(content, { filepath: path })) === false)
      wrong.push(path);
  }
  return wrong;
}

interface PrettierLike {
  getFileInfo(path: string): Promise<{ inferredParser: string | null }>;
  check(text: string, options: { filepath: string }): Promise<boolean>;
}

/**
 * The errors that TypeScript finds under its strictest options, one a line. Uses
 * the typescript and the `@types` of the project; the files are written into a
 * folder below its node_modules for the time of the check.
 *
 * @throws {RefusedError} code `TOOL_MISSING` without typescript.
 */
export async function checkTypes(
  files: readonly RenderedFile[],
  { root = process.cwd() }: Pick<MatrixOptions, "root"> = {},
): Promise<string[]> {
  const manifest = resolveTool(root, "typescript/package.json");
  const cache = join(root, "node_modules/.cache");
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "adw-scaffold-types-"));
  try {
    for (const { path, content } of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    // As below adws/: ES modules, whatever the project is.
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: STRICTEST, include: ["**/*.ts"] }),
    );
    return await runTypeScript(join(dirname(manifest), "bin/tsc"), folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const STRICTEST = {
  target: "es2023",
  lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
  module: "nodenext",
  types: ["node"],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  noPropertyAccessFromIndexSignature: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
};

function runTypeScript(compiler: string, folder: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [compiler, "-p", folder, "--pretty", "false"],
      {
        cwd: folder,
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let output = "";
    child.stdout.on("data", (chunk) => (output += String(chunk)));
    child.stderr.on("data", (chunk) => (output += String(chunk)));
    child.on("error", reject);
    child.on("close", () => {
      resolve(output.split("\n").filter((line) => line.trim() !== ""));
    });
  });
}

function resolveTool(root: string, name: string): string {
  try {
    return createRequire(join(root, "package.json")).resolve(name);
  } catch (error) {
    const tool = name.split("/")[0] ?? name;
    throw new RefusedError("TOOL_MISSING", `${tool} is not installed`, {
      cause: error,
      hint: `Install it: npm install --save-dev ${tool}`,
    });
  }
}
