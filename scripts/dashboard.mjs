/** Builds build/dashboard/index.html, the page that the module adw_dashboard renders. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** @param {string} version - of the module */
export async function buildDashboard(version) {
  const outfile = join(root, "build/source/dashboard/build_page.mjs");
  await build({
    entryPoints: [join(root, "dashboard/build_page.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
  });
  const { buildPage } = await import(pathToFileURL(outfile).href);
  const page = await buildPage(
    join(root, "dashboard/src"),
    `  The dashboard's page, with all that it needs. It is generated: do not edit it.

  Template: adw_dashboard ${version}, rendered by adw-scaffold.
  Update:   npx adw-scaffold update

  Colours and sizes: write a custom.css beside this file.
  Everything else:   npx adw-scaffold add adw_dashboard_source
                     renders its source, and a script that builds this file.`,
  );
  await mkdir(join(root, "build/dashboard"), { recursive: true });
  await writeFile(join(root, "build/dashboard/index.html"), page);
}
