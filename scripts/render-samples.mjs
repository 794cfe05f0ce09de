/**
 * Renders every module with several configurations into build/rendered/<name>/,
 * where tests import them, type-check them, lint them and check their format.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { listModules, renderModule } from "../dist/index.js";
import { SAMPLE_CONFIGS } from "../fixtures/configs.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const rendered = join(root, "build/rendered");

await rm(rendered, { recursive: true, force: true });
for (const [name, config] of Object.entries(SAMPLE_CONFIGS)) {
  for (const module of listModules()) {
    const { files } = await renderModule(module.name, config);
    for (const { path, content } of files) {
      const target = join(rendered, name, path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, content);
    }
  }
}
