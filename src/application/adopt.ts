/** Files of ours that the lock does not know: it lost them, or was itself lost. */
import type { AdwConfig } from "../domain/config.ts";
import { listed } from "../domain/listed.ts";
import type { Lock, LockedFile } from "../domain/lock.ts";
import {
  targetPath,
  type ModuleDefinition,
} from "../domain/module-registry.ts";
import {
  packText,
  readProjectFile,
  sha256,
} from "../infrastructure/project-files.ts";
import { addAdwModules } from "./file-plan.ts";
import type { Project } from "./project.ts";

export interface AdoptRequest {
  /** The modules whose files are looked for, and the settings that say where. */
  definitions: readonly ModuleDefinition[];
  config: AdwConfig;
  /**
   * Whether a file at the place of one of ours is ours without a header that says
   * so. Where a module is only now to be installed, it may be anybody's.
   */
  isInstalled: (module: string) => boolean;
}

/**
 * The project with an entry for each file of ours that has none. Its base is what is
 * rendered now: what differs from that is taken for the owner's edit, and an edit is
 * never overwritten. What an older version rendered, this one cannot render, so such
 * a text is kept as it is.
 */
export async function adoptLostFiles(
  project: Project,
  { definitions, config, isInstalled }: AdoptRequest,
): Promise<Project> {
  const { root, lock } = project;
  const files: Lock["files"] = {};
  const adopted = new Map<string, string | undefined>();
  const known = new Set(Object.values(lock.files).map(({ source }) => source));
  for (const definition of definitions) {
    const lost: string[] = [];
    for (const source of definition.files) {
      const former = definition.renamedFiles?.[source];
      if (known.has(source) || (former !== undefined && known.has(former)))
        continue;
      const path = targetPath(source, config);
      const disk = await readProjectFile(root, path);
      if (disk === null) continue;
      const kept = lock.kept_files[path];
      if (kept?.module === definition.name) {
        files[path] = kept;
        continue;
      }
      const version = versionInHeader(disk, definition.name);
      const recorded = lock.modules[definition.name]?.version;
      const isOurs =
        version !== undefined ||
        (isInstalled(definition.name) &&
          // Otherwise the file may be new in this version, and the owner's own there.
          (recorded === undefined || recorded === definition.version));
      if (!isOurs) continue;
      lost.push(path);
      adopted.set(path, version ?? recorded);
    }
    if (lost.length === 0) continue;
    const rendered = await addAdwModules(project, [definition], config);
    for (const file of rendered) {
      if (lost.includes(file.path)) files[file.path] = entryOf(file);
    }
  }
  if (Object.keys(files).length === 0) return project;
  return {
    ...project,
    lock: { ...lock, files: { ...lock.files, ...files } },
    adopted,
  };
}

function entryOf({
  module,
  source,
  content,
}: {
  module: string;
  source: string;
  content: string;
}): LockedFile {
  const text = content.replaceAll("\r\n", "\n");
  return { module, source, sha256: sha256(text), base: packText(text) };
}

/** The header stands in the first lines of a rendered file. */
const HEADER_LENGTH = 2000;

/** The version in a rendered file's header: `Template: adw_server 1.1.0`. */
function versionInHeader(text: string, module: string): string | undefined {
  const found = /^\W*Template:\s+(\w+)\s+(\d[\w.+-]*)/m.exec(
    text.slice(0, HEADER_LENGTH),
  );
  return found?.[1] === module ? found[2]?.replace(/[.,]$/, "") : undefined;
}

/** Whether the lock holds nothing but what was adopted. */
function wasLost({ modules, kept_files }: Lock): boolean {
  return [modules, kept_files].every((part) => Object.keys(part).length === 0);
}

/** What the owner is told of the files that were adopted. */
export function adoptionNotes({ adopted, source, lock }: Project): string[] {
  if (adopted.size === 0) return [];
  const paths = [...adopted.keys()];
  const versionOf = (path: string) =>
    source.registry.modules.find(
      ({ name }) => name === lock.files[path]?.module,
    )?.version;
  const older = [...adopted].flatMap(([path, version]) =>
    version === undefined || version === versionOf(path)
      ? []
      : [`${path} (${version})`],
  );
  return [
    wasLost(lock)
      ? `There was no adw.lock.json: ${paths.length} files are recorded again, and what differs is kept as your edit.`
      : `adw.lock.json had no entry for ${listed(paths)}: recorded again, and what differs is kept as your edit.`,
    ...(older.length === 0
      ? []
      : [
          `From another version, which this one cannot render, and kept as they are: ${listed(older)}. adw-scaffold diff shows what is new; update --force takes it.`,
        ]),
  ];
}
