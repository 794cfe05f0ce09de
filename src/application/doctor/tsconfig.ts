/** `doctor`: the host's TypeScript configuration and adws/ leave each other alone. */
import { pathEntries } from "../../domain/paths.ts";
import { applyTransaction } from "../../infrastructure/file-transaction.ts";
import { examineTsconfigs } from "../../infrastructure/host-tsconfig.ts";
import {
  formatEdited,
  projectFormatter,
} from "../../infrastructure/project-prettier.ts";
import { readJsonWithComments } from "../../infrastructure/json-list.ts";
import { asRecord } from "../../infrastructure/json-values.ts";
import type { Project } from "../project.ts";
import type { Problem } from "./finding.ts";

export async function tsconfigProblem({
  root,
  config,
  lock,
}: Project): Promise<Problem | undefined> {
  const { edits, broken, uneditable, above } = await examineTsconfigs({
    root,
    adwsDir: config.adws_dir,
    files: pathEntries(lock.files).map(([path]) => path),
  });
  if (broken.length > 0)
    return {
      message: `${broken.join(", ")} cannot be read as JSON with comments, so whether ${config.adws_dir}/ is included there is not known`,
      fix: "Correct it, then run doctor again.",
    };
  if (uneditable.length > 0)
    return {
      message: `${uneditable.join(", ")} includes ${config.adws_dir}/, and its "exclude" is not a list, or stands there twice`,
      fix: `Make it one list, with ${config.adws_dir}/ in it.`,
    };
  const [outside] = above;
  if (edits.length === 0)
    return outside === undefined
      ? undefined
      : {
          message: `${outside.path}, which is above the project, includes ${config.adws_dir}/, which has a tsconfig.json of its own`,
          fix: `Add ${JSON.stringify(outside.entry)} to its "exclude".`,
        };
  const names = edits.map(({ path }) => path).join(", ");
  return {
    message: `${names} ${edits.length === 1 ? "includes" : "include"} ${config.adws_dir}/, which has a tsconfig.json of its own`,
    // A list that is new must also name what TypeScript left out by itself.
    fix: edits
      .map(
        ({ path, after }) =>
          `In ${path}, set "exclude" to ${excludedIn(after)}.`,
      )
      .join(" "),
    repair: async () => {
      const format = await projectFormatter(root);
      await applyTransaction(
        root,
        await Promise.all(
          edits.map(async (edit) => ({
            path: edit.path,
            content: await formatEdited(format, edit),
            previous: edit.before,
          })),
        ),
      );
      return `excluded ${config.adws_dir}/ in ${names}; it has a tsconfig.json of its own`;
    },
  };
}

function excludedIn(text: string): string {
  const { exclude = [] } = asRecord(readJsonWithComments(text));
  return JSON.stringify(exclude);
}
