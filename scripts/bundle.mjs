/**
 * Bundles everything that runs into dist/:
 *
 *   cli.js, *.js              the command-line tool; what a command needs is loaded with it
 *   api.cjs                   the API, once for both module systems
 *   index.*, testing.*        its entries
 *   templates/*.cjs           the templates of each module, which both of these load
 *   live-check.js             what `doctor --live` starts
 *   demo-player.js            what `demo` starts
 *
 * What `watch` runs is built by watch.mjs, which needs the API.
 */
import { chmod, readdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { build } from "esbuild";

/** The entries of the API. */
const API = ["index", "testing"];

/** For the templates, and the packages among the inputs that are CommonJS. */
export const REQUIRE =
  'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url), __dirname = import.meta.dirname;';

/** Where the templates are generated, from the repository on. */
const TEMPLATES = "src/generated/templates";

/** Leaves the templates to their own files, from whichever bundle needs them. */
const externalTemplates = {
  name: "external-templates",
  setup({ initialOptions, onResolve }) {
    const folder = join(initialOptions.absWorkingDir, TEMPLATES);
    onResolve({ filter: /^\.\/\w+\.js$/ }, ({ path, resolveDir }) =>
      resolveDir === folder
        ? { path: `./templates/${basename(path, ".js")}.cjs`, external: true }
        : undefined,
    );
  },
};

/** Builds templates/, which the command line and the API require. */
async function bundleTemplates(dist, shared) {
  const names = await readdir(join(shared.absWorkingDir, TEMPLATES));
  return build({
    ...shared,
    keepNames: false,
    entryPoints: names
      .filter((name) => name.endsWith(".js"))
      .map((name) => join(TEMPLATES, name)),
    outdir: join(dist, "templates"),
    outExtension: { ".js": ".cjs" },
    format: "cjs",
  });
}

/**
 * @param dist - the folder that everything goes into
 * @param shared - esbuild options of all bundles
 * @returns esbuild's results
 */
export async function bundle(dist, shared) {
  const program = {
    ...shared,
    // Nobody reads our functions' names here.
    keepNames: false,
    outdir: dist,
    format: "esm",
    banner: { js: REQUIRE },
  };
  const results = await Promise.all([
    bundleTemplates(dist, shared),
    build({
      ...program,
      entryPoints: ["src/cli.ts"],
      splitting: true,
      chunkNames: "chunk-[hash]",
      plugins: [externalTemplates],
    }),
    // Programs of their own: what they shared with the first would split its files further.
    build({
      ...program,
      entryPoints: ["src/live-check.ts", "src/demo-player.ts"],
    }),
    build({
      ...shared,
      format: "cjs",
      plugins: [externalTemplates],
      // One bundle for all entries: whoever uses two has every class once.
      stdin: {
        contents: API.map(
          (name) => `export * as ${name} from "./src/${name}.ts";`,
        ).join("\n"),
        resolveDir: shared.absWorkingDir,
      },
      outfile: join(dist, "api.cjs"),
    }),
  ]);
  await chmod(join(dist, "cli.js"), 0o755);
  const api = createRequire(join(dist, "/"))("./api.cjs");
  for (const name of API) await writeEntry(dist, name, Object.keys(api[name]));
  return results;
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
