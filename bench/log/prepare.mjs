import { cpSync, existsSync, writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../../", import.meta.url));
const [major, minor] = process.versions.node.split(".").map(Number);
const hasNodeSqlite = major > 22 || (major === 22 && minor >= 13);

/** The rendered modules of the driver that this Node has. */
const SAMPLE = join(
  root,
  "build/rendered",
  hasNodeSqlite ? "default" : "better_sqlite3",
  "adws",
);

/** Strips the types of the rendered modules, so that every supported Node runs them. */
export async function prepareModules() {
  if (!existsSync(SAMPLE)) {
    throw new Error(
      `there is no ${SAMPLE}; run: npm run build && node scripts/render-samples.mjs`,
    );
  }
  const folder = join(root, "build/bench/log");
  mkdirSync(join(folder, "adw_modules"), { recursive: true });
  const entry = join(folder, "entry.mjs");
  const names = ["adw_database", "adw_logging", "adw_websockets"];
  writeFileSync(
    entry,
    names
      .map((name) => {
        const path = join(SAMPLE, "adw_modules", `${name}.ts`);
        return `export * from ${JSON.stringify(path)};\n`;
      })
      .join(""),
  );
  const outfile = join(folder, "adw_modules/index.mjs");
  const thread = join(SAMPLE, "adw_modules/adw_logging/thread.ts");
  for (const [source, target] of [
    [entry, outfile],
    [thread, join(folder, "adw_modules/thread.mjs")],
  ]) {
    await build({
      entryPoints: [source],
      outfile: target,
      bundle: true,
      packages: "external",
      format: "esm",
      platform: "node",
      target: "node20.19",
      logLevel: "error",
    });
  }
  cpSync(join(SAMPLE, "schema"), join(folder, "schema"), {
    recursive: true,
    filter: (path) => !path.includes(".db"),
  });
  return {
    url: pathToFileURL(outfile).href,
    driver: hasNodeSqlite ? "node:sqlite" : "better-sqlite3",
  };
}
