/** The host project's own linter: it takes in what is rendered, and its rules are the owner's. */
import { join } from "node:path";
import { readTextIfExists } from "./project-files.ts";

/** Where ESLint looks, in its order (https://eslint.org/docs/latest/use/configure/configuration-files). */
const CONFIG_FILES = ["js", "mjs", "cjs", "ts", "mts", "cts"].map(
  (extension) => `eslint.config.${extension}`,
);

/** What to do when the rules are stricter than what we promise; nothing where the folder is named already. */
export async function eslintAdvice(
  root: string,
  adwsDir: string,
): Promise<string[]> {
  for (const file of CONFIG_FILES) {
    const text = await readTextIfExists(join(root, file));
    if (text === null) continue;
    return text.includes(adwsDir)
      ? []
      : [
          `${file} takes in ${adwsDir}/. Its TypeScript passes typescript-eslint's recommended rules; if yours are stricter, leave the folder out with globalIgnores(["${adwsDir}/"]).`,
        ];
  }
  return [];
}
