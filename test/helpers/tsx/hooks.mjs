/**
 * Lets Node 20 run `.ts` files at the price of a file read: what esbuild made of a text
 * is kept under build/. A user's project has tsx, which takes half a second of processor
 * time at each start; the suites start a few hundred programs.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(
  new URL("../../../build/stripped/", import.meta.url),
);

export async function load(url, context, next) {
  if (!url.startsWith("file:") || !/\.ts(\?|$)/.test(url))
    return next(url, context);
  const path = fileURLToPath(url);
  const text = readFileSync(path, "utf8");
  // By the name alone: projects of tests have copies, and a source map is read from where
  // its module stands.
  const name = basename(path);
  const key = createHash("sha1").update(`${name}\0${text}`).digest("hex");
  const kept = `${folder}${key}.mjs`;
  if (!existsSync(kept)) {
    const { transformSync } = await import("esbuild");
    const { code } = transformSync(text, {
      loader: "ts",
      format: "esm",
      target: "node20",
      sourcefile: name,
      sourcemap: "inline",
      sourcesContent: false,
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    });
    mkdirSync(folder, { recursive: true });
    // Whole or not at all: other processes read it at the same time.
    writeFileSync(`${kept}.${process.pid}`, code);
    renameSync(`${kept}.${process.pid}`, kept);
  }
  return {
    format: "module",
    source: readFileSync(kept, "utf8"),
    shortCircuit: true,
  };
}
