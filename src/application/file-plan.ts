/** What happens to every rendered file of a project. */
import type { AdwConfig } from "../domain/config.ts";
import type { ModuleDefinition } from "../domain/module-registry.ts";
import {
  planFile,
  type FileOperation,
  type PlanPolicy,
} from "../domain/plan.ts";
import { readProjectFile } from "../infrastructure/project-files.ts";
import {
  projectFormatter,
  type Formatter,
} from "../infrastructure/project-prettier.ts";
import { baseText, type Project } from "./project.ts";
import { rendersDefault, renderDefinition } from "./render-module.ts";
import type { PackedText } from "../infrastructure/compiled-template.ts";

/** One file as the templates render it now. */
export interface PlannedContent {
  path: string;
  module: string;
  /** The registered file, such as `adws/adw_server.ts`. */
  source: string;
  content: string;
  /** The same for the lock, where our build has made it. */
  packed?: PackedText | undefined;
}

/** The texts that decide what happens to a file. */
export interface FileState extends PlannedContent {
  /** What we wrote last time, in the line ends and format of the project now. */
  base: string | null;
  disk: string | null;
  /** Where the file was last time, when it is elsewhere now. */
  movedFrom: string | null;
}

/** Puts every file of the given modules on the plan, formatted the project's way. */
export async function addAdwModules(
  { root, source }: Pick<Project, "root" | "source">,
  definitions: readonly ModuleDefinition[],
  config: AdwConfig,
  format?: Formatter,
): Promise<PlannedContent[]> {
  const formatter = format ?? (await projectFormatter(root));
  const planned = await Promise.all(
    definitions.map(async (definition) => {
      const files = await renderDefinition(
        definition,
        config,
        source.templates,
      );
      return Promise.all(
        files.map(async ({ path, content: rendered }, index) => {
          const content = await formatter(path, rendered);
          const file = definition.files[index] ?? path;
          const isAsBuilt =
            content === rendered &&
            rendersDefault(`${file}.njk`, definition, config, source);
          return {
            path,
            module: definition.name,
            source: file,
            content,
            packed: isAsBuilt
              ? await source.templates.packed?.(`${file}.njk`)
              : undefined,
          };
        }),
      );
    }),
  );
  return planned.flat();
}

/** Reads what is on disk for every rendered file, and what it was last time. */
export async function readFileStates(
  project: Project,
  definitions: readonly ModuleDefinition[],
  config: AdwConfig,
): Promise<FileState[]> {
  const format = await projectFormatter(project.root);
  const rendered = await addAdwModules(project, definitions, config, format);
  const renames = new Map(
    definitions.flatMap(({ renamedFiles }) =>
      Object.entries(renamedFiles ?? {}),
    ),
  );
  return Promise.all(
    rendered.map(async (file) => {
      const movedFrom = formerPath(project, file, renames.get(file.source));
      const at = movedFrom ?? file.path;
      const disk = await readProjectFile(project.root, at);
      const base = baseText(project.lock, at);
      return {
        ...file,
        content: withLineEndsOf(disk, file.content),
        base:
          base === null ? null : await comparableBase(base, disk, at, format),
        disk,
        movedFrom,
      };
    }),
  );
}

/** Decides what happens to each file of the given modules. */
export async function planModuleFiles(
  project: Project,
  states: readonly FileState[],
  policy: PlanPolicy,
): Promise<FileOperation[]> {
  const planned = await Promise.all(
    states.map(async (state) =>
      state.movedFrom === null
        ? planInPlace(state, policy)
        : planMove(project, state, state.movedFrom, policy),
    ),
  );
  return planned.flat();
}

/** Files that the lock knows and that nothing renders any more. */
export async function planDroppedFiles(
  project: Project,
  states: readonly FileState[],
  policy: PlanPolicy,
): Promise<FileOperation[]> {
  const current = new Set(
    states.flatMap(({ path, movedFrom }) => [path, movedFrom ?? path]),
  );
  const dropped = Object.entries(project.lock.files).filter(
    ([path]) => !current.has(path),
  );
  const format = await projectFormatter(project.root);
  const operations = await Promise.all(
    dropped.map(async ([path, { module }]) => {
      const disk = await readProjectFile(project.root, path);
      const text = baseText(project.lock, path);
      const base =
        text === null ? null : await comparableBase(text, disk, path, format);
      return planFile({ path, module, base, disk, next: null }, policy);
    }),
  );
  return operations.filter((entry) => entry !== undefined);
}

function planInPlace(state: FileState, policy: PlanPolicy): FileOperation[] {
  const { path, module, base, disk, content } = state;
  const operation = planFile(
    { path, module, base, disk, next: content },
    policy,
  );
  return operation === undefined ? [] : [operation];
}

/** The owner's text moves along to the new place, and the old place is cleared. */
async function planMove(
  project: Project,
  state: FileState,
  from: string,
  policy: PlanPolicy,
): Promise<FileOperation[]> {
  const { path, module, base, disk, content } = state;
  const there = await readProjectFile(project.root, path);
  if (there !== null) {
    const [inPlace] = planInPlace(
      { ...state, base: null, disk: there },
      policy,
    );
    if (inPlace === undefined || inPlace.operation === "conflict")
      return inPlace === undefined ? [] : [inPlace];
    const old = planFile(
      { path: from, module, base, disk, next: null },
      policy,
    );
    return old === undefined ? [inPlace] : [inPlace, old];
  }
  const atOldPlace = planFile(
    { path, module, base, disk, next: content },
    policy,
  );
  if (atOldPlace === undefined || disk === null) {
    return atOldPlace === undefined ? [] : [atOldPlace];
  }
  const clear: FileOperation = {
    operation: "delete",
    path: from,
    module,
    previous: disk,
    reason: `moved to ${path}`,
  };
  if (atOldPlace.operation === "conflict") {
    return atOldPlace.resolution === "refuse"
      ? [atOldPlace]
      : [{ ...atOldPlace, previous: null }, clear];
  }
  const text = "content" in atOldPlace ? atOldPlace.content : disk;
  return [{ operation: "create", path, module, content: text }, clear];
}

/** Where the lock has this file, when it is not where it goes now. */
function formerPath(
  { lock }: Project,
  { path, source }: PlannedContent,
  renamedFrom: string | undefined,
): string | null {
  if (lock.files[path] !== undefined) return null;
  const entry = Object.entries(lock.files).find(
    ([, file]) => file.source === source || file.source === renamedFrom,
  );
  return entry?.[0] ?? null;
}

/**
 * The base as the project would write it today. Formatting and line ends then
 * never look like an edit, and never make a conflict.
 */
async function comparableBase(
  base: string,
  disk: string | null,
  path: string,
  format: Formatter,
): Promise<string> {
  if (disk === null || disk === base) return base;
  const plain = usesWindowsLineEnds(disk)
    ? disk.replaceAll("\r\n", "\n")
    : disk;
  const text = plain === base ? base : await format(path, base);
  return withLineEndsOf(disk, text);
}

function usesWindowsLineEnds(text: string): boolean {
  return text.includes("\r\n") && !/(?<!\r)\n/.test(text);
}

/** The text with the line ends that the file on disk has. */
export function withLineEndsOf(disk: string | null, text: string): string {
  return disk !== null && usesWindowsLineEnds(disk) ? toWindows(text) : text;
}

function toWindows(text: string): string {
  return text.replaceAll(/\r?\n/g, "\r\n");
}
