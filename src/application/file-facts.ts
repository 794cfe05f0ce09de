/** Gathers what is known of every file of a project; what it means is decided in `domain/file-status.ts`. */
import type { AdwConfig } from "../domain/config.ts";
import type { FileFacts } from "../domain/file-status.ts";
import type { LockedFile } from "../domain/lock.ts";
import {
  targetPath,
  type ModuleDefinition,
} from "../domain/module-registry.ts";
import { pathEntries, type TemplatePath } from "../domain/paths.ts";
import {
  readProjectFile,
  textDigest,
} from "../infrastructure/project-files.ts";
import {
  asRendered,
  projectFormatter,
  type Formatter,
} from "../infrastructure/project-prettier.ts";
import { rendersAsRecorded, recordedText } from "./lock-facts.ts";
import type { Project } from "./project.ts";
import { fileRenderer } from "./render-module.ts";

/** Puts every file of the given modules on the plan, as each would be rendered now. */
export async function addAdwModules(
  project: Project,
  definitions: readonly ModuleDefinition[],
  config: AdwConfig,
): Promise<FileFacts[]> {
  const format = await projectFormatter(project.root);
  const renderings = new Map(
    definitions.map((definition) => [
      definition.name,
      {
        isUpToDate: rendersAsRecorded(definition, config, project),
        format,
        render: moduleRenderer(project, definition, config, format),
      },
    ]),
  );
  return Promise.all(
    placesOf(project, definitions, config).flatMap((place) => {
      const rendering = renderings.get(place.module);
      return rendering === undefined ? [] : factsAt(project, place, rendering);
    }),
  );
}

/** Renders the files of one module, formatted the project's way. */
export function moduleRenderer(
  { source }: Pick<Project, "source">,
  definition: ModuleDefinition,
  config: AdwConfig,
  format: Formatter,
): (file: TemplatePath) => Promise<string> {
  const render = fileRenderer(definition, config, source.templates);
  return async (file) => {
    const text = await render(file);
    return isGenerated(definition, file)
      ? text
      : format(targetPath(file, config), text);
  };
}

/** What a build has made is not formatted, and not merged. */
export function isGenerated(
  { generatedFiles = [] }: ModuleDefinition,
  file: TemplatePath,
): boolean {
  return generatedFiles.includes(file);
}

/** The files in the lock that none of the modules renders any more. */
export async function orphanedFiles(
  project: Project,
  definitions: readonly ModuleDefinition[],
  config: AdwConfig,
): Promise<FileFacts[]> {
  const { root, lock } = project;
  const current = new Set(
    placesOf(project, definitions, config).flatMap(({ path, movedFrom }) => [
      path,
      movedFrom ?? path,
    ]),
  );
  const format = await projectFormatter(root);
  return Promise.all(
    pathEntries(lock.files)
      .filter(([path]) => !current.has(path))
      .map(async ([path, entry]) => {
        const disk = await readProjectFile(root, path);
        const isAsWritten = isTextOf(disk, entry);
        const base = isAsWritten ? disk : recordedText(lock, path);
        const pair = await comparable(base, disk, path, format);
        return {
          path,
          module: entry.module,
          source: entry.source,
          movedFrom: null,
          occupant: null,
          ...(pair?.nearest ?? { base, yours: disk }),
          disk,
          next: null,
          isRecorded: true,
          isGenerated: false,
          isUpToDate: false,
        };
      }),
  );
}

/** Where a file goes, and where it was when that is elsewhere. */
type Place = Pick<
  FileFacts,
  "path" | "module" | "source" | "movedFrom" | "isGenerated"
>;

function placesOf(
  { lock }: Project,
  definitions: readonly ModuleDefinition[],
  config: AdwConfig,
): Place[] {
  const recorded = new Map(
    pathEntries(lock.files).map(([path, { source }]) => [source, path]),
  );
  return definitions.flatMap((definition) =>
    definition.files.map((source) => {
      const path = targetPath(source, config);
      const formerName = definition.renamedFiles?.[source] ?? source;
      const former = recorded.get(source) ?? recorded.get(formerName) ?? null;
      return {
        path,
        module: definition.name,
        source,
        movedFrom: lock.files[path] === undefined ? former : null,
        isGenerated: isGenerated(definition, source),
      };
    }),
  );
}

interface Rendering {
  /** Whether its module renders what it rendered last time. */
  isUpToDate: boolean;
  format: Formatter;
  render: (file: TemplatePath) => Promise<string>;
}

async function factsAt(
  { root, lock }: Project,
  place: Place,
  rendering: Rendering,
): Promise<FileFacts> {
  const { path, source, movedFrom, isGenerated: generated } = place;
  const at = movedFrom ?? path;
  const disk = await readProjectFile(root, at);
  const entry = lock.files[at];
  const facts = {
    ...place,
    occupant: movedFrom === null ? null : await readProjectFile(root, path),
    disk,
    isRecorded: entry !== undefined,
  };
  const isAsWritten = entry !== undefined && isTextOf(disk, entry);
  const written = isAsWritten ? disk : recordedText(lock, at);
  // Nothing but the formatting could be new, and that is never drift.
  const isUnchanged =
    rendering.isUpToDate && movedFrom === null && (isAsWritten || !generated);
  const known = isUnchanged
    ? await comparable(written, disk, at, rendering.format)
    : undefined;
  if (known !== undefined) {
    const { base, yours } = known.nearest;
    return { ...facts, base, yours, next: base, isUpToDate: true };
  }
  const next = withLineEndsOf(disk, await rendering.render(source));
  // Of a generated file the lock has the hash alone.
  const isAsRendered = entry !== undefined && isTextOf(next, entry);
  const base = written ?? (isAsRendered ? next : null);
  const format = generated ? asRendered : rendering.format;
  const pair = await comparable(base, disk, at, format);
  const { inCurrentFormat = { base, yours: disk } } = pair ?? {};
  return { ...facts, ...inCurrentFormat, next, isUpToDate: false };
}

/** Whether it is the text that was written, whatever its line ends. */
function isTextOf(text: string | null, { sha256 }: LockedFile): boolean {
  return text !== null && textDigest(text) === sha256;
}

/** What was written last time and what is there now, in one format. */
interface Pair {
  base: string;
  yours: string;
}

/**
 * Formatting and line ends never look like an edit, and never make a conflict:
 * the two texts are compared in the format in which they differ least. What is
 * rendered now comes in the current format; to be merged with that, both are
 * brought to it. Undefined where one of them is missing.
 */
async function comparable(
  written: string | null,
  disk: string | null,
  path: string,
  format: Formatter,
): Promise<{ nearest: Pair; inCurrentFormat: Pair } | undefined> {
  if (written === null || disk === null) return undefined;
  const same = { base: disk, yours: disk };
  if (written === disk) return { nearest: same, inCurrentFormat: same };
  const asWritten = { base: withLineEndsOf(disk, written), yours: disk };
  const base = withLineEndsOf(disk, await format(path, written));
  const formatted = { base, yours: disk };
  const both = { base, yours: await formattedIfPossible(format, path, disk) };
  if ([asWritten.base, base].includes(disk) || both.yours === base)
    return { nearest: same, inCurrentFormat: same };
  const inCurrentFormat = nearestOf(formatted, both);
  return { nearest: nearestOf(asWritten, inCurrentFormat), inCurrentFormat };
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

/** The text with the line ends that the file on disk has. */
export function withLineEndsOf(disk: string | null, text: string): string {
  const isWindows = disk?.includes("\r\n") === true && !/(?<!\r)\n/.test(disk);
  return isWindows ? text.replaceAll(/\r?\n/g, "\r\n") : text;
}
