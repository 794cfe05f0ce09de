/**
 * Bundles everything that runs into dist/:
 *
 *   cli.cjs                   what the command-line tool starts with
 *   write.cjs, read.cjs,      its programs: each command is in the first two or in
 *   all.cjs                   none, and all of them are in the last
 *   api.cjs                   the API
 *   index.*, testing.*        its entries, for both module systems
 *   live-check.js             what `doctor --live` starts
 *   lazy/                     what the others load when they need it
 *   default-texts/            what they compare with, and copy
 *
 * A run of the tool lasts a twentieth of a second, so what is loaded is what it
 * costs. Therefore:
 * - CommonJS: on Node 20, loading anything as an ES module takes 5 ms more.
 * - One file with everything that a command usually needs: each further file is a
 *   search on disk.
 * - What only some runs need, and is large, stays out of that file: V8 looks at
 *   every byte of a script, at about 30 µs/kB, whether or not it runs.
 * - A small file in front keeps what V8 has compiled from one run to the next.
 */
import { createHash } from "node:crypto";
import { chmod, cp, readFile, readdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { build } from "esbuild";

/** Loaded by the commands that use them; each becomes a file of its own. */
const LAZY_PACKAGES =
  /^(yargs|@clack\/prompts|diff|jsonc-parser|nunjucks|yaml)$/;
/** Ours that stand alone, and bring much along. */
const LAZY_FILES =
  /\/(?:build-advice|declared-packages|project-runner|ranges|renderer|template-analysis|template-compiler)\.ts$/;
const TEMPLATE = /^\.\/[^/]+-njk\.js$/;

/** The programs of the command-line tool; see src/start.ts. */
const PROGRAMS = ["write", "read", "all"];

/** What Node puts around a CommonJS module; src/compile-cache.ts knows it. */
const MODULE_WRAPPER =
  "(function (exports, require, module, __filename, __dirname) ";

/** The entries of the API. */
const API = ["index", "testing"];

/**
 * @param dist - the folder that everything goes into
 * @param shared - esbuild options of all bundles
 * @returns esbuild's results
 */
export async function bundle(dist, shared) {
  const commonJs = {
    ...shared,
    format: "cjs",
    outExtension: { ".js": ".cjs" },
    // import() would start the ES module loader; this way it becomes require().
    supported: { "dynamic-import": false },
  };
  const lazy = new Map();
  const results = await Promise.all([
    build({
      ...commonJs,
      entryPoints: PROGRAMS.map((name) => `src/programs/${name}.ts`),
      outdir: dist,
      // Nobody reads our functions' names here, and restoring them takes time.
      keepNames: false,
      // As Node would wrap them, which would copy the whole text.
      banner: { js: `${MODULE_WRAPPER}{` },
      footer: { js: "})" },
      plugins: [lazyFiles("./lazy", lazy)],
    }),
    build({
      ...commonJs,
      // One bundle for all entries: whoever uses two has every class once.
      stdin: {
        contents: API.map(
          (name) => `export * as ${name} from "./src/${name}.ts";`,
        ).join("\n"),
        resolveDir: shared.absWorkingDir,
      },
      outfile: join(dist, "api.cjs"),
      plugins: [lazyFiles("./lazy", lazy)],
    }),
    build({
      ...shared,
      entryPoints: ["src/live-check.ts"],
      outdir: dist,
      format: "esm",
    }),
  ]);
  results.push(...(await buildLazy(dist, commonJs, lazy)));
  await cp(
    join(shared.absWorkingDir, "src/generated/default-texts"),
    join(dist, "default-texts"),
    { recursive: true },
  );
  results.push(await buildStarter(dist, shared));
  const api = createRequire(join(dist, "/"))("./api.cjs");
  for (const name of API) await writeEntry(dist, name, Object.keys(api[name]));
  return results;
}

/** Files that are loaded late may load others late. */
async function buildLazy(dist, commonJs, lazy) {
  const results = [];
  const built = new Set();
  while (built.size < lazy.size) {
    const open = [...lazy].filter(([name]) => !built.has(name));
    for (const [name] of open) built.add(name);
    results.push(
      await build({
        ...commonJs,
        entryPoints: Object.fromEntries(open),
        outdir: join(dist, "lazy"),
        plugins: [lazyFiles(".", lazy)],
      }),
    );
  }
  return results;
}

/** The file in front, which knows the rest by its digest. */
async function buildStarter(dist, shared) {
  const digest = createHash("sha256");
  const files = [
    ...PROGRAMS.map((name) => `${name}.cjs`),
    ...(await readdir(join(dist, "lazy"))).map((name) => `lazy/${name}`),
  ];
  for (const file of files.toSorted()) {
    digest.update(file).update(await readFile(join(dist, file)));
  }
  const outfile = join(dist, "cli.cjs");
  const result = await build({
    ...shared,
    entryPoints: ["src/start.ts"],
    outfile,
    format: "cjs",
    banner: { js: "#!/usr/bin/env node" },
    define: {
      ...shared.define,
      BUILD_ID: JSON.stringify(digest.digest("hex").slice(0, 16)),
    },
  });
  await chmod(outfile, 0o755);
  return result;
}

/** The CommonJS and the ES module of one entry. */
async function writeEntry(dist, name, exported) {
  const names = exported.toSorted();
  await writeFile(
    join(dist, `${name}.cjs`),
    [
      '"use strict";',
      `const { ${name} } = require("./api.cjs");`,
      ...names.map((each) => `exports.${each} = ${name}.${each};`),
      "",
    ].join("\n"),
  );
  await writeFile(
    join(dist, `${name}.js`),
    `export { ${names.join(", ")} } from "./${name}.cjs";\n`,
  );
}

/**
 * Leaves imports out of the bundle, to be required when they are reached.
 *
 * Only what stands alone may be left out: a class of ours that is in two files
 * would be two classes.
 *
 * @param {string} folder - where they are, seen from the bundle
 * @param {Map<string, string>} lazy - gets the name and the source of each file
 */
function lazyFiles(folder, lazy) {
  return {
    name: "lazy-files",
    setup(bundle) {
      const leaveOut = (name, source) => {
        lazy.set(name, source);
        return { path: `${folder}/${name}.cjs`, external: true };
      };
      bundle.onResolve({ filter: LAZY_PACKAGES }, async (found) => {
        if (found.pluginData === "resolved" || found.kind === "entry-point")
          return undefined;
        const { path, errors } = await bundle.resolve(found.path, {
          kind: found.kind,
          resolveDir: found.resolveDir,
          importer: found.importer,
          pluginData: "resolved",
        });
        if (errors.length > 0) return { errors };
        return leaveOut(fileName(found.path), path);
      });
      bundle.onResolve({ filter: LAZY_FILES }, ({ kind, path, resolveDir }) =>
        kind === "entry-point"
          ? undefined
          : leaveOut(fileName(basename(path, ".ts")), join(resolveDir, path)),
      );
      bundle.onResolve({ filter: TEMPLATE }, ({ path, resolveDir }) =>
        leaveOut(fileName(path), join(resolveDir, path)),
      );
    },
  };
}

function fileName(specifier) {
  return specifier
    .replace(/\.js$/, "")
    .replaceAll(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-/, "");
}
