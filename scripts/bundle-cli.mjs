/**
 * Bundles the command-line tool for a fast start.
 *
 * A run lasts a tenth of a second, so what is loaded is what it costs. Therefore:
 * - CommonJS: on Node 20, loading anything as an ES module takes 5 ms more.
 * - One file with everything that most commands need: each further file is a
 *   search on disk.
 * - What only some runs need, and is large, stays out of that file: V8 looks at
 *   every byte of a script, at about 30 µs/kB, whether or not it runs.
 * - From Node 22.1 on, V8 keeps what it has compiled from one run to the next; a
 *   small file in front asks for that.
 */
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

/** Loaded by the commands that use them; each becomes a file of its own. */
const LAZY_PACKAGES = /^(yargs|@clack\/prompts|diff|nunjucks)$/;
const TEMPLATE = /^\.\/[^/]+-njk\.js$/;
const LARGE_TEMPLATE_BYTES = 2_048;

const STARTER = `#!/usr/bin/env node
"use strict";
require("node:module").enableCompileCache?.();
require("./cli/main.cjs");
`;

/**
 * @param outdir - where `cli.cjs` and the folder `cli` go
 * @param shared - esbuild options of all bundles
 * @returns esbuild's results
 */
export async function bundleCli(outdir, shared) {
  const options = {
    ...shared,
    outdir: join(outdir, "cli"),
    format: "cjs",
    // Nobody reads our functions' names here, and restoring them takes time.
    keepNames: false,
    outExtension: { ".js": ".cjs" },
    // import() would start the ES module loader; this way it becomes require().
    supported: { "dynamic-import": false },
    // CommonJS has no import.meta.
    define: { ...shared.define, "import.meta.url": "__moduleUrl" },
    banner: {
      js: 'const __moduleUrl=require("node:url").pathToFileURL(__filename).href;',
    },
  };
  const lazy = new Map();
  const main = await build({
    ...options,
    entryPoints: { main: "src/cli.ts" },
    plugins: [lazyFiles(lazy)],
  });
  const rest = await build({
    ...options,
    entryPoints: Object.fromEntries(lazy),
  });
  await writeFile(join(outdir, "cli.cjs"), STARTER, { mode: 0o755 });
  return [main, rest];
}

/**
 * Leaves imports out of the bundle, to be required when they are reached.
 *
 * Only what stands alone may be left out: a class of ours that is in two files
 * would be two classes.
 *
 * @param {Map<string, string>} lazy - gets the name and the source of each file
 */
function lazyFiles(lazy) {
  return {
    name: "lazy-files",
    setup(bundle) {
      const leaveOut = (name, source) => {
        lazy.set(name, source);
        return { path: `./${name}.cjs`, external: true };
      };
      bundle.onResolve({ filter: LAZY_PACKAGES }, async (found) => {
        if (found.pluginData === "resolved") return undefined;
        const { path, errors } = await bundle.resolve(found.path, {
          kind: found.kind,
          resolveDir: found.resolveDir,
          importer: found.importer,
          pluginData: "resolved",
        });
        if (errors.length > 0) return { errors };
        return leaveOut(fileName(found.path), path);
      });
      bundle.onResolve({ filter: TEMPLATE }, async ({ path, resolveDir }) => {
        const source = join(resolveDir, path);
        if ((await stat(source)).size < LARGE_TEMPLATE_BYTES) return undefined;
        return leaveOut(fileName(path), source);
      });
    },
  };
}

function fileName(specifier) {
  return specifier
    .replace(/\.js$/, "")
    .replaceAll(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-/, "");
}
