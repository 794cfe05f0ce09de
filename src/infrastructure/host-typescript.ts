/** Whether the project's own TypeScript can check what is rendered. */
import { join } from "node:path";
import { PACKAGE_FILE } from "./package-json.ts";
import { readTextIfExists } from "./project-files.ts";

/** Has `erasableSyntaxOnly`, and `rewriteRelativeImportExtensions` since 5.7. */
const OLDEST = "5.8";

/** A note with the command that helps; none where TypeScript is new enough, or not there. */
export async function typescriptAdvice(root: string): Promise<string[]> {
  const text = await readTextIfExists(
    join(root, "node_modules/typescript", PACKAGE_FILE),
  );
  const version = /"version"\s*:\s*"(\d+)\.(\d+)([^"]*)"/.exec(text ?? "");
  if (version === null) return [];
  const [, major = "", minor = "", rest = ""] = version;
  const isOld = Number(major) < 5 || (Number(major) === 5 && Number(minor) < 8);
  if (!isOld) return [];
  const { detectPackageManager } = await import("./package-manager.ts");
  const { name } = await detectPackageManager(root);
  const add = name === "npm" ? "npm install --save-dev" : `${name} add -D`;
  return [
    `TypeScript ${major}.${minor}${rest} is installed here, and checking what is rendered needs ${OLDEST} or later (erasableSyntaxOnly). It runs all the same. To check it: ${add} typescript@^${OLDEST}.0`,
  ];
}
