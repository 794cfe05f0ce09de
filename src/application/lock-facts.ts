/** What the lock says of what was written, compared with what would be written now. */
import type { AdwConfig } from "../domain/config.ts";
import { brokenLock, type Lock, type LockedFile } from "../domain/lock.ts";
import {
  templatesOf,
  type ModuleDefinition,
} from "../domain/module-registry.ts";
import type { ProjectPath } from "../domain/paths.ts";
import {
  packText,
  textDigest,
  unpackText,
} from "../infrastructure/project-files.ts";
import type { Project } from "./project.ts";
import type { ModuleSource } from "./render-module.ts";

/**
 * What we wrote into a file last time; null when the lock does not know it, or has
 * only its hash.
 */
export function recordedText(lock: Lock, path: ProjectPath): string | null {
  const entry = lock.files[path];
  if (entry?.base === undefined) return null;
  let text: string | undefined;
  try {
    text = unpackText(entry.base);
  } catch {
    text = undefined;
  }
  if (text === undefined || textDigest(text) !== entry.sha256)
    throw brokenLock(`the text of ${path} does not match its sha256`);
  return text;
}

/** The entry of a file with this text. Of a generated file the hash is enough. */
export function lockEntry(
  {
    module,
    source,
    isGenerated,
  }: Omit<LockedFile, "sha256" | "base"> & {
    isGenerated: boolean;
  },
  content: string,
  present?: LockedFile,
): LockedFile {
  const text = content.replaceAll("\r\n", "\n");
  const entry = { module, source, sha256: textDigest(text) };
  if (isGenerated) return entry;
  // Compressed bytes may differ between zlib versions; the text is what counts.
  const isSame = present?.sha256 === entry.sha256;
  const base = isSame ? present.base : undefined;
  return { ...entry, base: base ?? packText(text) };
}

/** The configuration values that a module's templates use. */
export function inputsOf(
  definition: ModuleDefinition,
  config: AdwConfig,
  { templates }: ModuleSource,
): Record<string, unknown> {
  const used = new Set([
    ...templatesOf(definition).flatMap(
      (file) => templates.facts(file)?.uses ?? [],
    ),
    ...(definition.conditionalTemplates ?? []).map(({ when }) => when.key),
  ]);
  return Object.fromEntries(
    // A template that takes `config` as a whole depends on all of it.
    Object.entries(config).filter(
      ([key]) => used.has(key) || used.has("config"),
    ),
  );
}

/**
 * Whether a module renders what it rendered when the lock was written: the same
 * templates, of the same version, with the same settings.
 */
export function rendersAsRecorded(
  definition: ModuleDefinition,
  config: AdwConfig,
  { lock, source }: Pick<Project, "lock" | "source">,
): boolean {
  const entry = lock.modules[definition.name];
  return (
    entry !== undefined &&
    entry.version === definition.version &&
    entry.templates === templatesDigest(definition, source) &&
    changedKeys(entry.inputs, inputsOf(definition, config, source)).length === 0
  );
}

/** The keys whose values differ. */
export function changedKeys(
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]),
  );
}

/** One digest over all templates of a module, which are digests of path and text. */
export function templatesDigest(
  definition: ModuleDefinition,
  { templates }: ModuleSource,
): string {
  let sum = 0n;
  for (const file of templatesOf(definition))
    sum ^= BigInt(`0x${templates.facts(file)?.digest ?? "0"}`);
  return sum.toString(16).padStart(16, "0");
}
