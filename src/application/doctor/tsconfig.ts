/** `doctor`: the host's TypeScript configuration and adws/ leave each other alone. */
import { applyTransaction } from "../../infrastructure/file-transaction.ts";
import { excludeFromTsconfigs } from "../../infrastructure/host-tsconfig.ts";
import {
  formatEdited,
  projectFormatter,
} from "../../infrastructure/project-prettier.ts";
import type { Project } from "../project.ts";
import type { Problem } from "./finding.ts";

export async function tsconfigProblem({
  root,
  config,
}: Project): Promise<Problem | undefined> {
  const edits = await excludeFromTsconfigs(root, config.adws_dir);
  if (edits.length === 0) return undefined;
  const names = edits.map(({ path }) => path).join(", ");
  return {
    message: `${names} ${edits.length === 1 ? "takes" : "take"} in ${config.adws_dir}/ and ${edits.length === 1 ? "does" : "do"} not allow .ts imports`,
    fix: `Add "exclude": ["node_modules", "${config.adws_dir}"] there, or "allowImportingTsExtensions": true and "noEmit": true to the compilerOptions.`,
    mend: async () => {
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
