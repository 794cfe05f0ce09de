/** Collects the licences of everything that is bundled into dist/. */
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * @param {string} root - the repository
 * @param {string[]} inputs - files that went into the bundles, relative to it
 */
export async function writeNotices(root, inputs) {
  const folders = new Set(
    inputs
      .map(
        (input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1],
      )
      .filter((folder) => folder !== undefined),
  );
  const notices = [];
  for (const folder of [...folders].toSorted()) {
    const { name, version, license } = JSON.parse(
      await readFile(join(root, folder, "package.json"), "utf8"),
    );
    const names = await readdir(join(root, folder));
    const file = names.find((entry) => /^(licen[cs]e|copying)/i.test(entry));
    const text =
      file === undefined
        ? `Licence: ${license} (the package ships no licence file)`
        : (await readFile(join(root, folder, file), "utf8")).trim();
    notices.push(`${name} ${version} (${license})\n\n${text}\n`);
  }
  await writeFile(
    join(root, "dist/THIRD-PARTY-NOTICES.txt"),
    `adw-scaffold contains the following packages.\n\n${"-".repeat(78)}\n\n${notices.join(`\n${"-".repeat(78)}\n\n`)}`,
  );
}
