import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../../", import.meta.url));
const SAMPLE = join(
  root,
  "build/rendered/default/adws/adw_modules/adw_websockets.ts",
);

/** Strips the types of the rendered server, so that every supported Node runs it. */
export async function prepareModule(source = SAMPLE) {
  if (!existsSync(source)) {
    throw new Error(
      `there is no ${source}; run: npm run build && node scripts/render-samples.mjs`,
    );
  }
  const outfile = join(root, "build/bench/adw_websockets.mjs");
  await build({
    entryPoints: [source],
    bundle: true,
    packages: "external",
    outfile,
    format: "esm",
    platform: "node",
    target: "node20.19",
    logLevel: "error",
  });
  return outfile;
}
