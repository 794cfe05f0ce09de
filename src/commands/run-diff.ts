/** What `adw-scaffold diff` does. */
import {
  differences,
  type FileDifference,
} from "../application/check-service.ts";
import type { ChangedBy } from "../domain/file-status.ts";
import type { Run } from "./command.ts";
import { colorsFor } from "./colors.ts";
import { projectRequest } from "./context.ts";
import { paintPatch, patch } from "./patch.ts";

/** Shows what the owner changed and what the templates changed; 1 when anything did. */
export const runDiff: Run = async (parsed, context) => {
  const request = projectRequest(parsed, context);
  const found = await differences({
    ...request,
    modules: parsed.positionals,
  });
  const { stdout, env } = context;
  if (parsed.values["json"] === true) {
    stdout.write(
      `${JSON.stringify({ command: "diff", target: request.root, files: found.map((file) => ({ path: file.path, module: file.module, changed_by: file.changedBy, patch: patches(file).join("") })) })}\n`,
    );
    return found.length === 0 ? 0 : 1;
  }
  const colors = colorsFor(stdout, env);
  for (const file of found) {
    stdout.write(
      `${colors.bold(file.path)}  ${colors.dim(WORDS[file.changedBy])}\n`,
    );
    for (const patch of patches(file)) stdout.write(paintPatch(patch, colors));
    stdout.write("\n");
  }
  if (found.length === 0) stdout.write("No differences.\n");
  return found.length === 0 ? 0 : 1;
};

const WORDS: Readonly<Record<ChangedBy, string>> = {
  you: "you changed it",
  template: "the template or its settings changed",
  both: "you changed it, and so did the template or its settings",
  deleted: "you deleted it",
  missing: "it was never written",
  not_ours: "it was not written by adw-scaffold",
};

/** One unified diff for each side that changed, always from what was written last time. */
function patches(file: FileDifference): string[] {
  const { path, base, yours, theirs } = file;
  switch (file.changedBy) {
    case "deleted":
      return [patch(path, base ?? theirs, "as rendered", "", "deleted")];
    case "missing":
      return [patch(path, "", "none", theirs, "would be written")];
    case "not_ours":
      return [patch(path, yours ?? "", "yours", theirs, "would be written")];
    case "you":
      return [patch(path, theirs, "as rendered", yours ?? "", "yours")];
    case "template":
      return [patch(path, yours ?? "", "as rendered", theirs, "new template")];
    case "both":
      // Of a generated file the text as it was rendered may be unknown.
      return base === null
        ? [patch(path, yours ?? "", "yours", theirs, "new template")]
        : [
            patch(path, base, "as rendered", yours ?? "", "yours"),
            patch(path, base, "as rendered", theirs, "new template"),
          ];
  }
}
