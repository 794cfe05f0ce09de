/** What happens to every rendered file of a project. */
import type { AdwConfig } from "../domain/config.ts";
import {
  targetPath,
  type ModuleDefinition,
} from "../domain/module-registry.ts";
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
import { baseText, rendersAsBefore, type Project } from "./project.ts";
import { renderDefinition } from "./render-module.ts";

/** One file as the templates render it now. */
export interface PlannedContent {
  path: string;
  module: string;
  /** The registered file, such as `adws/adw_server.ts`. */
  source: string;
  content: string;
}

/** The texts that decide what happens to a file. */
export interface FileState extends PlannedContent {
  /** What we wrote last time, in the line ends and format of `yours`. */
  base: string | null;
  disk: string | null;
  /** What is on disk, in the format that it is compared in. */
  yours: string | null;
  /** Where the file was last time, when it is elsewhere now. */
  movedFrom: string | null;
  /** Whether the same templates and settings render it as last time. */
  isAsBefore: boolean;
  /** Whether it comes from a build, so that the lock keeps its hash alone. */
  isGenerated: boolean;
  /** Whether it may not be merged, and is not as we wrote it. */
  isOwners: boolean;
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
        files.map(async ({ path, content }, index) => {
          const file = definition.files[index] ?? path;
          return {
            path,
            module: definition.name,
            source: file,
            content: isGenerated(definition, file)
              ? content
              : await formatter(path, content),
          };
        }),
      );
    }),
  );
  return planned.flat();
}

/** What a build has made is not formatted, and not merged. */
function isGenerated(
  { generatedFiles = [] }: ModuleDefinition,
  file: string,
): boolean {
  return generatedFiles.includes(file);
}

const asItIs: Formatter = async (_path, text) => text;

/** Reads what is on disk for every rendered file, and what it was last time. */
export async function readFileStates(
  project: Project,
  definitions: readonly ModuleDefinition[],
  config: AdwConfig,
): Promise<FileState[]> {
  const format = await projectFormatter(project.root);
  const states = await Promise.all(
    definitions.map(
      async (definition) =>
        (await statesAsBefore(project, definition, config, format)) ??
        statesAsRendered(project, definition, config, format),
    ),
  );
  return states.flat();
}

/**
 * Without rendering anything, where nothing but the formatting could be new:
 * formatting is never drift. Undefined where a module has to be rendered.
 */
async function statesAsBefore(
  project: Project,
  definition: ModuleDefinition,
  config: AdwConfig,
  format: Formatter,
): Promise<FileState[] | undefined> {
  if (!rendersAsBefore(definition, config, project)) return undefined;
  const states: FileState[] = [];
  for (const source of definition.files) {
    const path = targetPath(source, config);
    const disk = await readProjectFile(project.root, path);
    const written = baseText(project.lock, path, disk);
    if (disk === null || written === null) return undefined;
    const generated = isGenerated(definition, source);
    const { nearest } = await comparable(
      written,
      disk,
      path,
      generated ? asItIs : format,
    );
    // Nothing is rendered here, and an edit of a generated file is no text of ours.
    if (generated && nearest.yours !== nearest.base) return undefined;
    const { name: module } = definition;
    const content = nearest.base;
    const place = { path, module, source, movedFrom: null, isAsBefore: true };
    const kind = { isGenerated: generated, isOwners: false };
    states.push({ ...place, ...kind, ...nearest, content, disk });
  }
  return states;
}

async function statesAsRendered(
  project: Project,
  definition: ModuleDefinition,
  config: AdwConfig,
  format: Formatter,
): Promise<FileState[]> {
  const rendered = await addAdwModules(project, [definition], config, format);
  const isAsBefore = rendersAsBefore(definition, config, project);
  return Promise.all(
    rendered.map(async (file) => {
      const movedFrom = formerPath(
        project,
        file,
        definition.renamedFiles?.[file.source],
      );
      const at = movedFrom ?? file.path;
      const disk = await readProjectFile(project.root, at);
      const content = withLineEndsOf(disk, file.content);
      const generated = isGenerated(definition, file.source);
      const entry = project.lock.files[at];
      const written = baseText(project.lock, at, disk);
      const state = {
        ...file,
        content,
        disk,
        movedFrom,
        isGenerated: generated,
        // Of an earlier version the lock may have no text to merge with, either.
        isOwners:
          entry !== undefined && entry.base === undefined && written === null,
      };
      if (written === null || disk === null)
        return { ...state, base: written, yours: disk, isAsBefore: false };
      const pair = await comparable(
        written,
        disk,
        at,
        generated ? asItIs : format,
      );
      if (generated) {
        const { nearest } = pair;
        const isOwners = nearest.yours !== nearest.base;
        return { ...state, ...nearest, isOwners, isAsBefore: false };
      }
      return isAsBefore && movedFrom === null
        ? { ...state, ...pair.nearest, content: pair.nearest.base, isAsBefore }
        : { ...state, ...pair.ofToday, isAsBefore: false };
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
      const text = baseText(project.lock, path, disk);
      const isOwners =
        project.lock.files[path]?.base === undefined && text === null;
      const { base, yours } =
        text === null || disk === null
          ? { base: text, yours: disk }
          : (await comparable(text, disk, path, format)).nearest;
      return planFile(
        { path, module, base, disk, yours, next: null, isOwners },
        policy,
      );
    }),
  );
  return operations.filter((entry) => entry !== undefined);
}

function planInPlace(state: FileState, policy: PlanPolicy): FileOperation[] {
  const { path, module, base, disk, yours, content, isOwners } = state;
  const operation = planFile(
    { path, module, base, disk, yours, next: content, isOwners },
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
  const { path, module, base, disk, yours, content, isOwners } = state;
  const there = await readProjectFile(project.root, path);
  if (there !== null) {
    const [inPlace] = planInPlace(
      { ...state, base: null, disk: there, yours: there, isOwners: false },
      policy,
    );
    if (inPlace === undefined || inPlace.operation === "conflict")
      return inPlace === undefined ? [] : [inPlace];
    const old = planFile(
      { path: from, module, base, disk, yours, next: null, isOwners },
      policy,
    );
    return old === undefined ? [inPlace] : [inPlace, old];
  }
  const atOldPlace = planFile(
    { path, module, base, disk, yours, next: content, isOwners },
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

/** What was written last time and what is there now, in one format. */
interface Pair {
  base: string;
  yours: string;
}

/**
 * Formatting and line ends never look like an edit, and never make a conflict:
 * the two texts are compared in the format in which they differ least. What is
 * rendered now comes in the format of today; to be merged with that, both are
 * brought to it.
 */
async function comparable(
  written: string,
  disk: string,
  path: string,
  format: Formatter,
): Promise<{ nearest: Pair; ofToday: Pair }> {
  const asWritten = { base: withLineEndsOf(disk, written), yours: disk };
  if (disk === asWritten.base)
    return { nearest: asWritten, ofToday: asWritten };
  const base = withLineEndsOf(disk, await format(path, written));
  const formatted = { base, yours: disk };
  if (disk === base) return { nearest: formatted, ofToday: formatted };
  const both = { base, yours: await formattedIfPossible(format, path, disk) };
  if (both.yours === base) {
    const same = { base: disk, yours: disk };
    return { nearest: same, ofToday: same };
  }
  const ofToday = nearestOf(formatted, both);
  return { nearest: nearestOf(asWritten, ofToday), ofToday };
}

/** The pair with the fewest lines of one's own; the first of two that are as near. */
function nearestOf(first: Pair, second: Pair): Pair {
  return ownLines(second) < ownLines(first) ? second : first;
}

function ownLines({ base, yours }: Pair): number {
  const known = new Set(base.split("\n"));
  return yours.split("\n").filter((line) => !known.has(line)).length;
}

/** What the owner is in the middle of writing may be no code yet. */
async function formattedIfPossible(
  format: Formatter,
  path: string,
  text: string,
): Promise<string> {
  try {
    return withLineEndsOf(text, await format(path, text));
  } catch {
    return text;
  }
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
