/**
 * The edits to files that are the host project's own: they leave the rendered
 * folder out of its type check and its linters. Each is remembered in the lock,
 * so that `remove` takes it back.
 */
import type { AdwConfig } from "../domain/config.ts";
import type { Lock } from "../domain/lock.ts";
import {
  pathEntries,
  projectPath,
  type AbsolutePath,
  type ProjectPath,
} from "../domain/paths.ts";
import type { FileEdit, FileOperation } from "../domain/plan.ts";
import {
  leaveOutOfLinters,
  lineWidth,
} from "../infrastructure/host-linters.ts";
import { examineTsconfigs } from "../infrastructure/host-tsconfig.ts";
import { filesBelow } from "../infrastructure/private-files.ts";
import { readOwnFile } from "../infrastructure/project-files.ts";
import {
  formatEdited,
  projectFormatter,
} from "../infrastructure/project-prettier.ts";
import { patchBetween, withoutPatch } from "../infrastructure/text-patch.ts";

/** The host's files as they are and as they will be. */
export interface HostPlan {
  files: readonly FileEdit[];
  /** What the lock remembers from now on. */
  edits: NonNullable<Lock["host_edits"]>;
  /** Which of the files configure linters. */
  linterFiles: readonly string[];
  notes: readonly string[];
}

interface HostProject {
  root: AbsolutePath;
  lock: Lock;
}

/** Leaves the rendered folder out of whatever would include it; earlier edits are taken back first. */
export async function planHostEdits(
  { root, lock }: HostProject,
  {
    config,
    rendered,
    linters,
  }: {
    config: Pick<AdwConfig, "adws_dir">;
    /** The rendered files. */
    rendered: readonly ProjectPath[];
    /** Whether linters may be told too. They are when the first module comes; later, their owner may have decided otherwise. */
    linters: boolean;
  },
): Promise<HostPlan> {
  const adwsDir = config.adws_dir;
  const links = new Set<ProjectPath>();
  const disk = (path: ProjectPath) =>
    readOwnFile(root, path, (refused) => links.add(refused));
  const former = await withoutEdits(lock, disk);
  const read = async (path: ProjectPath) =>
    former.texts.has(path) ? (former.texts.get(path) ?? null) : disk(path);
  const width = await lineWidth(read);
  const {
    edits: tsconfigs,
    broken,
    uneditable,
    above,
  } = await examineTsconfigs({
    root,
    adwsDir,
    files: rendered,
    read,
    ...(width === undefined ? {} : { width }),
  });
  const isFirst = Object.keys(lock.modules).length === 0;
  const linting =
    linters && (isFirst || former.texts.size > 0)
      ? await leaveOutOfLinters(root, adwsDir, read)
      : { edits: [], notes: [] };
  const wanted = linting.edits.filter(
    ({ path }) => isFirst || former.texts.has(path),
  );
  const changes = [
    ...tsconfigs.map((edit) => ({
      ...edit,
      reason: `excludes ${adwsDir}/, which has a tsconfig.json of its own`,
    })),
    ...wanted.map((edit) => ({
      ...edit,
      reason: `leaves ${adwsDir}/ out of ${edit.linter}`,
    })),
  ];
  const format = await projectFormatter(root);
  const plan: HostPlan & { files: FileEdit[] } = {
    files: [],
    edits: { ...former.kept },
    linterFiles: wanted.map(({ path }) => path),
    notes: [
      ...broken.map(
        (path) =>
          `${path} is not valid JSON, so it was left as it is. Correct it, then run adw-scaffold doctor to see whether it includes ${adwsDir}/.`,
      ),
      ...uneditable.map(
        (path) =>
          `"exclude" in ${path} is not a list, or stands there twice, so it was left as it is. Correct it, and leave ${adwsDir}/ out there.`,
      ),
      ...above.map(
        ({ path, entry }) =>
          `${path} is above the project, so it was left as it is, and it includes ${adwsDir}/, which has a tsconfig.json of its own. Add ${JSON.stringify(entry)} to its "exclude".`,
      ),
      ...[...links].map(
        (path) =>
          `${path} is a symbolic link, so it was left as it is. If it includes ${adwsDir}/, leave the folder out there.`,
      ),
      ...(isFirst ? linting.notes : []),
    ],
  };
  for (const { path, before, reason, ...edit } of changes) {
    const after = await formatEdited(format, {
      path,
      before,
      after: edit.after,
    });
    plan.edits[path] = patchBetween(before, after);
    plan.files.push({ path, before: await disk(path), after, reason });
  }
  for (const [path, after] of former.texts) {
    if (path in plan.edits) continue;
    const reason = `${adwsDir}/ need not be left out any more`;
    plan.files.push({ path, before: await disk(path), after, reason });
  }
  return plan;
}

/** Takes every edit back, unless code stays behind that the host's tools would find. */
export async function planHostRestore(
  { root, lock }: HostProject,
  config: Pick<AdwConfig, "adws_dir">,
  operations: readonly FileOperation[],
): Promise<HostPlan> {
  const edits = lock.host_edits ?? {};
  if (Object.keys(edits).length === 0)
    return { files: [], edits: {}, linterFiles: [], notes: [] };
  const gone = new Set(
    operations
      .filter(({ operation }) => operation === "delete")
      .map(({ path }) => path),
  );
  const left = filesBelow(root, projectPath(config.adws_dir)).filter(
    (path) => /\.[cm]?[jt]sx?$/.test(path) && !gone.has(path),
  );
  const [first] = left;
  if (first !== undefined) {
    const names = Object.keys(edits).join(", ");
    return {
      files: [],
      edits,
      linterFiles: [],
      notes: [
        `${first}${left.length === 1 ? " stays" : ` and ${left.length - 1} more stay`}, so ${config.adws_dir}/ is still left out of ${names}.`,
      ],
    };
  }
  const disk = (path: ProjectPath) => readOwnFile(root, path);
  const { texts, kept } = await withoutEdits(lock, disk);
  const files: FileEdit[] = [];
  for (const [path, after] of texts) {
    files.push({
      path,
      before: await disk(path),
      after,
      reason: `takes back what left out ${config.adws_dir}/`,
    });
  }
  return {
    files,
    edits: {},
    linterFiles: [],
    notes: Object.keys(kept).map(
      (path) =>
        `What left ${config.adws_dir}/ out of ${path} has been edited since, so it stays there.`,
    ),
  };
}

/** The host's files without our edits, and the edits that cannot be found any more. */
async function withoutEdits(
  lock: Lock,
  disk: (path: ProjectPath) => Promise<string | null>,
): Promise<{
  texts: Map<ProjectPath, string | null>;
  kept: NonNullable<Lock["host_edits"]>;
}> {
  const texts = new Map<ProjectPath, string | null>();
  const kept: NonNullable<Lock["host_edits"]> = {};
  for (const [path, patch] of pathEntries(lock.host_edits ?? {})) {
    const text = await disk(path);
    if (text === null) continue;
    const restored = withoutPatch(text, patch);
    if (restored === undefined) kept[path] = patch;
    else texts.set(path, restored);
  }
  return { texts, kept };
}
