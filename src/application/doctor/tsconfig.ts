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
  const { edits } = await examineTsconfigs({
    root,
    adwsDir: config.adws_dir,
    files: pathEntries(lock.files).map(([path]) => path),
  });
  if (edits.length === 0) return undefined;
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
