/**
 * adw_dashboard_source: builds the dashboard's page from the source beside
 * this file, which is yours: change what you like, build, and reload.
 *
 * Template: adw_dashboard_source 1.3.0, rendered by adw-scaffold.
 * Needs:    esbuild, preact, @preact/signals.
 * Update:   `npx adw-scaffold update` merges a newer template into these files
 *           and keeps your edits.
 *
 *     npm run adw:dashboard:build    writes adw_dashboard/index.html
 */
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { buildPage } from "./build_page.ts";

const source = fileURLToPath(new URL("src/", import.meta.url));
const target = fileURLToPath(
  new URL("../adw_dashboard/index.html", import.meta.url),
);
const notice = `  The dashboard's page, built from adw_dashboard_source: edit that, then run
  npm run adw:dashboard:build`;

await writeFile(target, await buildPage(source, notice));
console.log(`Built ${target}`);
