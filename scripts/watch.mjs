/**
 * Builds dist/watch/, what `adw-scaffold watch` runs: the modules as a project gets
 * them, rendered and bundled, in the same folders, because they find the schema
 * and the prices by their own place.
 */
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { REQUIRE } from "./bundle.mjs";

/** What a project on a current Node would have. */
const CONFIG = {
  project_name: "this machine",
  websocket_port: 8764,
  sqlite_driver: "node:sqlite",
};
const MODULES = [
  "adw_events",
  "adw_websockets",
  "orch_database_models",
  "schema_orchestrator",
  "adw_database",
  "adw_logging",
  "adw_mask",
  "adw_agents",
  "adw_dashboard",
];
/** What is read when it runs; the page comes from the templates. */
const DATA = ["schema", "prices.json"];

/**
 * Renders them into build/watch/adws/, where the types of src/watch/ come from.
 *
 * @param {string} root - the repository; its API is built
 */
export async function renderWatch(root) {
  const { renderModule } = createRequire(join(root, "dist/"))("./index.cjs");
  const folder = join(root, "build/watch");
  await rm(folder, { recursive: true, force: true });
  for (const name of MODULES) {
    const { files } = await renderModule(name, CONFIG);
    for (const { path, content } of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      // Only of a namespace esbuild leaves out what nobody uses: two thirds of zod.
      const text = content.replace(
        'import { z } from "zod/v4"',
        'import * as z from "zod/v4"',
      );
      await writeFile(join(folder, path), text);
    }
  }
}

/**
 * @param {string} root - the repository
 * @param shared - esbuild options of all bundles
 * @returns esbuild's result
 */
export async function bundleWatch(root, shared) {
  const modules = join(root, "build/watch/adws");
  const target = join(root, "dist/watch");
  const result = await build({
    ...shared,
    keepNames: false,
    entryPoints: [
      { in: "src/watch/program.ts", out: "adw_modules/watch" },
      // It is looked for beside the chunk that starts it.
      {
        in: join(modules, "adw_modules/adw_agents/thread.ts"),
        out: "adw_modules/thread",
      },
    ],
    outdir: target,
    format: "esm",
    splitting: true,
    chunkNames: "adw_modules/chunk-[hash]",
    alias: { ...shared.alias, rendered: modules },
    banner: { js: REQUIRE },
    define: {
      ...shared.define,
      // Native helpers of ws, which nobody has installed here.
      "process.env.WS_NO_BUFFER_UTIL": '"1"',
      "process.env.WS_NO_UTF_8_VALIDATE": '"1"',
    },
  });
  for (const name of DATA)
    await cp(join(modules, name), join(target, name), { recursive: true });
  return result;
}
