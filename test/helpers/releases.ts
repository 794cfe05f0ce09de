/** Projects that an earlier version of this package wrote; see fixtures/releases. */
import { readdirSync, readFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import semver from "semver";
import { unpackText } from "../../src/infrastructure/project-files.ts";
import { REPOSITORY } from "./packed.ts";
import { projectAt, type TemplateProject } from "./template-project.ts";

const RELEASES = join(REPOSITORY, "fixtures/releases");

/** The frozen versions, the oldest first. */
export const FROZEN_VERSIONS = readdirSync(RELEASES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted(semver.compare);

/** The last of them: what this version is compared with. */
export const LAST_FROZEN = FROZEN_VERSIONS.at(-1) ?? "";

export interface FrozenRelease {
  config: Record<string, unknown>;
  modules: Record<string, { version: string }>;
  /** Every rendered file: its module, and its text as the lock has it. */
  files: Map<string, { module: string; text: string }>;
}

export function frozenRelease(version: string): FrozenRelease {
  const read = (name: string) =>
    JSON.parse(readFileSync(join(RELEASES, version, name), "utf8"));
  const { modules, files } = read("adw.lock.json");
  const entries = Object.entries<{ module: string; base: string }>(files);
  return {
    config: read("adw.config.json"),
    modules,
    files: new Map(
      entries.map(([path, { module, base }]) => [
        path,
        { module, text: unpackText(base) },
      ]),
    ),
  };
}

/** The project as the release left it: its own four files, and what was rendered. */
export async function releasedProject(
  root: string,
  version: string,
): Promise<TemplateProject> {
  await cp(join(RELEASES, version), root, { recursive: true });
  const project = projectAt(root);
  for (const [path, { text }] of frozenRelease(version).files)
    await project.write(path, text);
  return project;
}
