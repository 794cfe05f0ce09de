/** Builds dist/: the bundled CLI and API, their types, and the notices. */
import { execFileSync } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.mjs";
import { generate, lockJsonSchema } from "./generate.mjs";
import { writeNotices } from "./notices.mjs";
import { bundleWatch, renderWatch } from "./watch.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
const { version } = JSON.parse(
  await readFile(join(root, "package.json"), "utf8"),
);

const shared = {
  bundle: true,
  platform: "node",
  target: "node20.19",
  metafile: true,
  minify: true,
  keepNames: true,
  legalComments: "none",
  // jsonc-parser's CommonJS build requires files by computed names; its ES module does not.
  mainFields: ["module", "main"],
  // yargs' ES module breaks help lines in the middle of words; its CommonJS build does not.
  alias: { yargs: "./node_modules/yargs/index.cjs" },
  define: { PACKAGE_VERSION: JSON.stringify(version) },
  logLevel: "warning",
  absWorkingDir: root,
};

const jsonSchema = await generate();
await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });

const outputs = await bundle(dist, shared);
await renderWatch(root);
outputs.push(await bundleWatch(root, shared));
await writeFile(
  join(dist, "adw.config.schema.json"),
  `${JSON.stringify(jsonSchema, null, 2)}\n`,
);
await writeFile(
  join(dist, "adw.lock.schema.json"),
  `${JSON.stringify(await lockJsonSchema(), null, 2)}\n`,
);
await writeTypes();
await writeNotices(
  root,
  outputs.flatMap(({ metafile }) => Object.keys(metafile.inputs)),
);

/** Declarations for both module systems: the same text, other specifiers. */
async function writeTypes() {
  const emitted = join(root, "build/types");
  await rm(emitted, { recursive: true, force: true });
  execFileSync(
    process.execPath,
    [
      join(root, "node_modules/typescript/bin/tsc"),
      "-p",
      "tsconfig.build.json",
      "--outDir",
      emitted,
    ],
    { cwd: root, stdio: "inherit" },
  );
  const needed = await declarationsNeeded(emitted, "index.d.ts");
  await declarationsNeeded(emitted, "testing.d.ts", needed);
  for (const [folder, extension] of [
    ["types", "ts"],
    ["types-cjs", "cts"],
  ]) {
    for (const [path, text] of needed) {
      const target = join(dist, folder, path.replace(/\.ts$/, `.${extension}`));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(
        target,
        text.replaceAll(
          /(['"]\.{1,2}\/[^'"]*)\.ts(['"])/g,
          `$1.${extension.replace("ts", "js")}$2`,
        ),
      );
    }
  }
}

/** The declarations that the entry reaches; what is internal is left out. */
async function declarationsNeeded(folder, entry, found = new Map()) {
  if (found.has(entry)) return found;
  const text = await readFile(join(folder, entry), "utf8");
  found.set(entry, text);
  for (const [, specifier] of text.matchAll(/['"](\.{1,2}\/[^'"]*)\.ts['"]/g)) {
    await declarationsNeeded(
      folder,
      join(dirname(entry), `${specifier}.d.ts`),
      found,
    );
  }
  return found;
}
