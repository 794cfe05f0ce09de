/**
 * Bundles everything that runs into dist/:
 *
 *   cli.js, *.js              the command-line tool; what a command needs is loaded with it
 *   api.cjs                   the API, once for both module systems
 *   index.*, testing.*        its entries
 *   live-check.js             what `doctor --live` starts
 *   demo-player.js            what `demo` starts
 *
 * What `watch` runs is built by watch.mjs, which needs the API.
 */
import { chmod, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";

/** The entries of the API. */
const API = ["index", "testing"];

/** For the packages among the inputs that are CommonJS. */
export const REQUIRE =
  'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url), __dirname = import.meta.dirname;';

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
    build({
      ...program,
      entryPoints: ["src/cli.ts"],
      splitting: true,
      chunkNames: "chunk-[hash]",
    }),
    // Programs of their own: what they shared with the first would split its files further.
    build({
      ...program,
      entryPoints: ["src/live-check.ts", "src/demo-player.ts"],
    }),
    build({
      ...shared,
      format: "cjs",
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
