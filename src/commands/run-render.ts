/** What `adw-scaffold render` does. */
import { resolve } from "node:path";
import { openProject, resolveRoot } from "../application/project.ts";
import {
  renderModule,
  type RenderedFile,
  type RenderedModule,
} from "../application/render-module.ts";
import { RefusedError } from "../domain/errors.ts";
import { targetPath } from "../domain/module-registry.ts";
import { changeConfig } from "../domain/config.ts";
import { assertOwnFolder, type AbsolutePath } from "../domain/paths.ts";
import { operationOf } from "../domain/operations.ts";
import { changesOf, type FileOperation } from "../domain/plan.ts";
import { statusOf } from "../domain/file-status.ts";
import { applyTransaction } from "../infrastructure/file-transaction.ts";
import { inFolder } from "../infrastructure/folders.ts";
import { readProjectFile } from "../infrastructure/project-files.ts";
import { givenFolder, projectRequest, type CommandContext } from "./context.ts";
import { givenSettings } from "./settings.ts";
import type { ParsedCommand, Run } from "./command.ts";

/** Renders one module with the project's settings, changed by flags. */
export const runRender: Run = async (parsed, context) => {
  const { values, positionals } = parsed;
  const [name = ""] = positionals;
  const project = await openProject(projectRequest(parsed, context));
  const { source } = project;
  const config = changeConfig(project.config, givenSettings(parsed));
  const rendered = await renderModule(name, config, source);
  const json = values["json"] === true;
  if (typeof values["out"] !== "string") {
    const own = new Set(
      source.registry.get(name).files.map((file) => targetPath(file, config)),
    );
    context.stdout.write(
      json
        ? `${JSON.stringify(rendered)}\n`
        : asText(rendered.files.filter(({ path }) => own.has(path))),
    );
    return 0;
  }
  return writeOut(
    rendered,
    resolve(givenFolder(parsed, context), values["out"]),
    parsed,
    context,
  );
};

/** One file as it is; several behind a line that names each. */
function asText(files: readonly RenderedFile[]): string {
  const [only] = files;
  if (files.length === 1 && only !== undefined) return only.content;
  return files
    .map(({ path, content }) => `==> ${path} <==\n${content}`)
    .join("\n");
}

/** Writes the files into a folder of the user's choice: all of them, or none. */
async function writeOut(
  rendered: RenderedModule,
  folder: string,
  { values }: ParsedCommand,
  { stdout }: CommandContext,
): Promise<0 | 1> {
  const out = await resolveRoot(folder);
  assertOwnFolder(out);
  const operations = await planFiles(
    out,
    rendered.name,
    rendered.files,
    values["force"] === true,
  );
  const conflicts = operations.filter(
    ({ operation }) => operation === "conflict",
  );
  const dryRun = values["dry-run"] === true;
  const applied = !dryRun && conflicts.length === 0;
  if (applied) {
    await inFolder(out, () => applyTransaction(out, changesOf(operations)));
  }
  const summary = operations.map(({ operation, path }) => ({
    operation,
    path,
  }));
  stdout.write(
    values["json"] === true
      ? `${JSON.stringify({ command: "render", dry_run: dryRun, applied, target: out, operations: summary })}\n`
      : summary
          .map(({ operation, path }) => `  ${operation.padEnd(9)} ${path}\n`)
          .join(""),
  );
  if (conflicts.length === 0) return 0;
  if (dryRun) return 1;
  throw new RefusedError(
    "CONFLICTS",
    `already there: ${conflicts.map(({ path }) => path).join(", ")}`,
    {
      where: { file: out },
      hint: "Nothing was written. Move them, or overwrite them with --force.",
    },
  );
}

async function planFiles(
  out: AbsolutePath,
  module: string,
  files: readonly RenderedFile[],
  force: boolean,
): Promise<FileOperation[]> {
  const operations = await Promise.all(
    files.map(async ({ path, content: next }) => {
      const disk = await readProjectFile(out, path);
      const status = statusOf({
        base: null,
        disk,
        yours: disk,
        next,
        isRecorded: false,
        isGenerated: false,
      });
      const intent = {
        force,
        restoresDeleted: true,
        onConflict: "fail",
      } as const;
      return operationOf({ path, module }, status, intent);
    }),
  );
  return operations.filter((entry) => entry !== undefined);
}
