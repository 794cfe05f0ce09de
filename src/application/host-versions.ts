/** The project's own versions of what the modules need, looked at before anything is written. */
import { RefusedError } from "../domain/errors.ts";
import {
  hostVerdict,
  oldestServing,
  type HostPackage,
} from "../domain/host-packages.ts";
import type { Dependencies } from "../domain/module-registry.ts";
import {
  PACKAGE_FILE,
  type PackageEdit,
  type PackageNeeds,
  presentDependencies,
} from "../infrastructure/package-json.ts";
import { parseJson } from "../infrastructure/json-text.ts";
import { readProjectFile } from "../infrastructure/project-files.ts";
import type { Project } from "./project.ts";
import { hostPackages } from "../infrastructure/declared-packages.ts";
import {
  choosePackageManager,
  installCommand,
  upgradeCommand,
} from "../infrastructure/package-manager.ts";

/** A package of the project's that the modules cannot run with. */
export interface OldPackage {
  name: string;
  /** What was found, in words: `is too old: "^3.22.0" allows 3.22.0`. */
  found: string;
  /** What serves: `3.25.0 or later`. */
  needed: string;
  /** What to do, as it is typed. */
  fix: string;
  host: HostPackage;
}

/** What was found out about the packages that are there. */
export interface HostFindings {
  old: readonly OldPackage[];
  /** Packages whose version cannot be told before they are installed. */
  unknown: readonly HostPackage[];
}

/**
 * Packages that only type-check or edit: with an old one, everything still runs.
 */
function runtimeNeeds({
  dependencies,
  devDependencies,
}: Pick<PackageNeeds, "dependencies" | "devDependencies">): Dependencies {
  const { tsx } = devDependencies;
  return tsx === undefined ? dependencies : { ...dependencies, tsx };
}

/** Looks at what the project declares, and at what is installed. */
export async function examineHostPackages(
  { root, config }: Pick<Project, "root" | "config">,
  needs: Pick<PackageNeeds, "dependencies" | "devDependencies">,
): Promise<HostFindings> {
  const { versions } = await import("../infrastructure/ranges.ts");
  const packages = await hostPackages(root);
  const old: OldPackage[] = [];
  const unknown: HostPackage[] = [];
  for (const [name, tested] of Object.entries(runtimeNeeds(needs))) {
    const host = packages.find(name);
    if (host === undefined) continue;
    const verdict = hostVerdict(host, tested, versions);
    if (verdict.kind === "unknown") unknown.push(host);
    if (verdict.kind !== "does_not_serve") continue;
    const oldest = oldestServing(name, tested, versions);
    old.push({
      name,
      found: verdict.found,
      needed: `${host.alias === undefined ? "" : `${name} `}${oldest} or later`,
      fix: await upgradeAdvice({ root, config }, host, oldest, tested),
      host,
    });
  }
  return { old, unknown };
}

/** What to type, or where to change it when no package manager has a command for that. */
async function upgradeAdvice(
  { root, config }: Pick<Project, "root" | "config">,
  { name, section, origin, range, alias }: HostPackage,
  oldest: string,
  tested: string,
): Promise<string> {
  const { versions } = await import("../infrastructure/ranges.ts");
  const { name: manager } = await choosePackageManager(root, config);
  // The same major version where that serves: the project's own code stays as it is.
  const sameMajor = `^${oldest}`;
  const staysMajor =
    range !== undefined &&
    versions.minVersion(range)?.split(".")[0] === oldest.split(".")[0];
  const wanted = staysMajor ? sameMajor : tested;
  if (origin !== PACKAGE_FILE) {
    return `Change ${name} to "${wanted}" in ${origin}, then run: ${installCommand(manager).join(" ")}`;
  }
  const command = upgradeCommand(
    manager,
    root,
    `${name}@${wanted}`,
    section === "devDependencies",
  );
  return alias === undefined
    ? `Run: ${command}`
    : `Give ${alias} another name in package.json, then run: ${command}`;
}

/**
 * Refuses packages that the modules cannot run with, or reports them.
 *
 * @returns what the user should know
 * @throws {RefusedError} code `DEPENDENCY_TOO_OLD` with the command that helps.
 */
export async function checkHostPackages(
  project: Pick<Project, "root" | "config">,
  needs: PackageNeeds & { added: PackageEdit },
  reaction: "refuse" | "report" | undefined,
): Promise<string[]> {
  if (reaction === undefined) return [];
  const text = await readProjectFile(project.root, PACKAGE_FILE);
  if (!mayDiffer(text, needs)) return [];
  const { old, unknown } = await examineHostPackages(project, needs);
  const [first] = old;
  if (first !== undefined && reaction === "refuse") {
    throw new RefusedError("DEPENDENCY_TOO_OLD", oldWords(old), {
      where: locate(text, first.host),
      hint: `Nothing was written. ${old.map(({ fix }) => fix).join("\n    ")}\n    Or continue anyway with --force.`,
    });
  }
  return [
    ...(first === undefined
      ? []
      : [
          `${oldWords(old)}. Go on like this, and what is written will not run.`,
        ]),
    ...unknown.map(
      ({ name, written }) =>
        `${name} "${written}" in package.json does not say which version it is, and none is installed. adw-scaffold doctor looks at it once it is.`,
    ),
  ];
}

/** All of them in one sentence. */
export function oldWords(old: readonly OldPackage[]): string {
  return old
    .map(
      ({ name, found, needed }) => `${name} ${found}, and ${needed} is needed`,
    )
    .join("; ");
}

function locate(
  text: string | null,
  { section, name, origin }: HostPackage,
): { file: string; line?: number; column?: number } {
  if (text === null || origin !== PACKAGE_FILE) return { file: PACKAGE_FILE };
  return parseJson(text, PACKAGE_FILE).locate([section, name], "name");
}

/**
 * Most projects have none of the packages, or have them as we wrote them. Then there
 * is nothing to look up, and nothing to load for it.
 */
function mayDiffer(
  text: string | null,
  {
    dependencies,
    devDependencies,
    added,
  }: PackageNeeds & { added: PackageEdit },
): boolean {
  if (text === null) return false;
  if (/"(?:overrides|resolutions)"/.test(text)) return true;
  const present = presentDependencies(text);
  return Object.entries(runtimeNeeds({ dependencies, devDependencies })).some(
    ([name, range]) =>
      present[name] !== undefined &&
      present[name] !== range &&
      !Object.hasOwn(added.addedDependencies, name),
  );
}
