/** `manifest.json` of a template folder: the modules that a team adds. */
import * as v from "valibot";
import type { Locate } from "./config.ts";
import { ConfigError } from "./errors.ts";
import { explainIssue } from "./issue-words.ts";
import type { ModuleDefinition } from "./module-registry.ts";
import { isInsideProject, isTemplatePath } from "./paths.ts";

const file = v.pipe(
  v.string(),
  v.guard(isTemplatePath, 'must be a path below "adws/", without ".."'),
);
const names = v.record(v.string(), v.string());

/** Not a name that a package manager runs by itself, such as postinstall. */
const scriptName = v.pipe(
  v.string(),
  v.regex(
    /^(?!pre|post|(?:install|uninstall|prepare|publish|version|dependencies)$)[a-z][\w:-]*$/,
    "must be a name that no package manager runs by itself",
  ),
);

/** Goes into a shell command line, so it is a plain path and nothing else. */
const scriptFile = v.pipe(
  v.string(),
  v.check(
    (path) => /^[\w./-]+$/.test(path) && isInsideProject(path),
    "must be a file of the module, relative to adws/",
  ),
);

const MANIFEST_SCHEMA = v.strictObject({
  $schema: v.optional(v.string()),
  modules: v.array(
    v.strictObject({
      name: v.pipe(
        v.string(),
        v.regex(/^[a-z][a-z0-9_]*$/, "must be snake_case, such as my_module"),
      ),
      version: v.pipe(
        v.string(),
        v.regex(/^\d+\.\d+\.\d+$/, "must be a version such as 1.0.0"),
      ),
      summary: v.string(),
      files: v.pipe(v.array(file), v.minLength(1)),
      renamedFiles: v.exactOptional(v.record(file, file)),
      generatedFiles: v.exactOptional(v.array(file)),
      requires: v.exactOptional(v.array(v.string())),
      dependencies: v.exactOptional(names),
      devDependencies: v.exactOptional(names),
      scripts: v.exactOptional(v.record(scriptName, scriptFile)),
    }),
  ),
});

/** @throws {ConfigError} code `MANIFEST_INVALID` with the place of the problem. */
export function parseManifest(
  value: unknown,
  locate: Locate,
): ModuleDefinition[] {
  const result = v.safeParse(MANIFEST_SCHEMA, value);
  if (!result.success) {
    const issue = result.issues[0];
    const path = (issue.path ?? []).map((item) =>
      typeof item.key === "number" ? item.key : String(item.key),
    );
    throw new ConfigError(
      "MANIFEST_INVALID",
      `${v.getDotPath(issue) ?? "the manifest"} ${explainIssue(issue)}`,
      {
        where: locate(path),
        hint: "Correct the manifest, then run the command again.",
      },
    );
  }
  return result.output.modules;
}
