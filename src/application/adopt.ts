/** Files of ours that the lock does not know: it lost them, or was itself lost. */
import type { AdwConfig } from "../domain/config.ts";
import { listed } from "../domain/listed.ts";
import type { Lock } from "../domain/lock.ts";
import {
  targetPath,
  type ModuleDefinition,
} from "../domain/module-registry.ts";
import { pathEntries, type ProjectPath } from "../domain/paths.ts";
import { readProjectFile } from "../infrastructure/project-files.ts";
import { projectFormatter } from "../infrastructure/project-prettier.ts";
import { isGenerated, moduleRenderer } from "./file-facts.ts";
import { lockEntry } from "./lock-facts.ts";
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
  const adopted = new Map<ProjectPath, string | undefined>();
  const known = new Set(
    pathEntries(lock.files).map(([, { source }]) => source),
  );
  const format = await projectFormatter(root);
  for (const definition of definitions) {
    const { name: module, renamedFiles = {} } = definition;
    const recorded = lock.modules[module]?.version;
    const render = moduleRenderer(project, definition, config, format);
    for (const source of definition.files) {
      if (known.has(source) || known.has(renamedFiles[source] ?? source))
        continue;
      const path = targetPath(source, config);
      const disk = await readProjectFile(root, path);
      if (disk === null) continue;
      const kept = lock.kept_files[path];
      if (kept?.module === module) {
        files[path] = kept;
        continue;
      }
      const version = versionInHeader(disk, module);
      const isOurs =
        version !== undefined ||
        (isInstalled(module) &&
          // Otherwise the file may be new in this version, and the owner's own there.
          (recorded === undefined || recorded === definition.version));
      if (!isOurs) continue;
      adopted.set(path, version ?? recorded);
      files[path] = lockEntry(
        { module, source, isGenerated: isGenerated(definition, source) },
        await render(source),
      );
    }
  }
  if (Object.keys(files).length === 0) return project;
  return {
    ...project,
    lock: { ...lock, files: { ...lock.files, ...files } },
    adopted,
  };
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

/** What is reported of the files that were adopted. */
export function adoptionNotes({ adopted, source, lock }: Project): string[] {
  if (adopted.size === 0) return [];
  const versions = new Map(
    source.registry.modules.map(({ name, version }) => [name, version]),
  );
  const older = [...adopted].flatMap(([path, version]) =>
    version === undefined ||
    version === versions.get(lock.files[path]?.module ?? "")
      ? []
      : [`${path} (${version})`],
  );
  return [
    wasLost(lock)
      ? `There was no adw.lock.json: ${adopted.size} files are recorded again, and what differs is kept as your edit.`
      : `adw.lock.json had no entry for ${listed([...adopted.keys()])}: recorded again, and what differs is kept as your edit.`,
    ...(older.length === 0
      ? []
      : [
          `From another version, which this one cannot render, and kept as they are: ${listed(older)}. adw-scaffold diff shows what is new; update --force takes it.`,
        ]),
  ];
}
