/** What the modules ask of package.json, and what goes with modules that are removed. */
import type { AdwConfig } from "../domain/config.ts";
import type { Lock } from "../domain/lock.ts";
import { needsOf } from "../domain/module-needs.ts";
import type { ModuleDefinition } from "../domain/module-registry.ts";
import {
  developmentDependencies,
  presentDependencies,
  presentScripts,
  type PackageEdit,
  type PackageNeeds,
  type PackageRemovals,
} from "../infrastructure/package-json.ts";

/** Everything that a set of modules needs in package.json. */
export function packageNeeds(
  definitions: readonly ModuleDefinition[],
  config: AdwConfig,
  lock?: Pick<Lock, "added_scripts">,
): PackageNeeds {
  return {
    ...needsOf(definitions, config),
    ...(lock === undefined ? {} : { ownScripts: lock.added_scripts }),
    projectName: config.project_name,
  };
}

/** Whether the packages that we added before are in devDependencies: others join them. */
export function keepsPackagesInDev(
  packageText: string | null,
  definitions: readonly ModuleDefinition[],
  config: AdwConfig,
  { added_dependencies: added }: Pick<Lock, "added_dependencies">,
): boolean {
  const ours = Object.keys(
    packageNeeds(definitions, config).dependencies,
  ).filter((name) => Object.hasOwn(added, name));
  const inDev = developmentDependencies(packageText);
  return ours.length > 0 && ours.every((name) => inDev.includes(name));
}

/** What package.json is compared with to see what can go. */
export interface RemovalFacts {
  packageText: string | null;
  lock: Lock;
  config: AdwConfig;
  removed: readonly ModuleDefinition[];
  needs: PackageNeeds;
  /** Whether every installed module is as this version renders it once the plan is applied. */
  isComplete: boolean;
  /** Texts of files of ours that stay as their owner has them. */
  ownTexts: readonly string[];
}

/**
 * What is left behind: packages that we added and nothing needs any more go, packages
 * that were there before or that the owner uses too are only named.
 */
export function planRemovals({
  packageText,
  lock,
  config,
  removed,
  needs,
  isComplete,
  ownTexts,
}: RemovalFacts): PackageRemovals {
  const before = packageNeeds(removed, config);
  const present = presentDependencies(packageText);
  const isUnneeded = (name: string) =>
    present[name] !== undefined &&
    !Object.hasOwn(needs.dependencies, name) &&
    !Object.hasOwn(needs.devDependencies, name);
  const isOurs = (name: string) =>
    lock.added_dependencies[name] === present[name];
  const scripts = presentScripts(packageText);
  const unneededScripts = Object.entries(before.scripts).filter(
    ([name]) =>
      Object.hasOwn(scripts, name) && !Object.hasOwn(needs.scripts, name),
  );
  const isOwn = ([name, command]: readonly [string, string]) =>
    [command, withoutFlags(command), lock.added_scripts[name]].includes(
      String(scripts[name]),
    );
  const goneScripts = unneededScripts.filter(isOwn).map(([name]) => name);
  const ownCommands = Object.entries(scripts).flatMap(([name, command]) =>
    goneScripts.includes(name) ||
    (Object.hasOwn(needs.scripts, name) &&
      [needs.scripts[name], lock.added_scripts[name]].includes(String(command)))
      ? []
      : String(command),
  );
  const isUsed = (name: string) =>
    ownCommands.some((command) => runs(command, name)) ||
    ownTexts.some((text) => imports(text, name.replace(/^@types\//, "")));
  const ofRemoved = { ...before.dependencies, ...before.devDependencies };
  // Also what an earlier version of a module needed, and this one does not.
  const unneeded = Object.keys(lock.added_dependencies).filter(
    (name) =>
      (isComplete || Object.hasOwn(ofRemoved, name)) &&
      isUnneeded(name) &&
      isOurs(name),
  );
  return {
    dependencies: unneeded.filter((name) => !isUsed(name)),
    usedDependencies: unneeded.filter(isUsed),
    leftDependencies: Object.keys(ofRemoved).filter(
      (name) => isUnneeded(name) && !isOurs(name),
    ),
    scripts: goneScripts,
    leftScripts: unneededScripts
      .filter((entry) => !isOwn(entry))
      .map(([name]) => name),
  };
}

/** Whether a script runs a package: `tsx x.ts`, `node --import=tsx/esm`, `node_modules/.bin/tsx`. */
function runs(command: string, name: string): boolean {
  return command
    .split(/[^\w@./-]+/)
    .some(
      (word) =>
        word === name ||
        word.startsWith(`${name}/`) ||
        word.endsWith(`/.bin/${name}`),
    );
}

/** Whether a text has a package's name, or that of a file in it, in quotes. */
function imports(text: string, name: string): boolean {
  return ['"', "'"].some(
    (quote) =>
      text.includes(`${quote}${name}${quote}`) ||
      text.includes(`${quote}${name}/`),
  );
}

/** As versions before 0.1.0 wrote it, whose locks do not say which scripts are ours. */
function withoutFlags(command: string): string {
  return command
    .split(" ")
    .filter((word) => !word.startsWith("--"))
    .join(" ");
}

/** What package.json lacks, by its names. */
export function missingFromManifest(edit: PackageEdit): string[] {
  return [
    ...Object.keys({ ...edit.addedDependencies, ...edit.addedDevDependencies }),
    ...Object.keys(edit.addedScripts).map((name) => `script ${name}`),
  ];
}

/** What an edit of package.json does, in words. */
export function describeEdit(edit: PackageEdit): string {
  const withRange = ([name, range]: [string, string]) => `${name} ${range}`;
  const script = (name: string) => `script ${name}`;
  const words: [verb: string, names: string[]][] = [
    [
      "adds",
      [
        ...Object.entries(edit.addedDependencies).map(withRange),
        ...Object.entries(edit.addedDevDependencies).map(
          (entry) => `${withRange(entry)} (dev)`,
        ),
        ...Object.keys(edit.addedScripts).map(script),
      ],
    ],
    ["changes", Object.keys(edit.changedScripts).map(script)],
    [
      "removes",
      [...edit.removedDependencies, ...edit.removedScripts.map(script)],
    ],
  ];
  return words
    .filter(([, names]) => names.length > 0)
    .map(([verb, names]) => `${verb} ${names.join(", ")}`)
    .join("; ");
}

/** What the user should know about package.json. */
export function packageNotes(
  { oldRanges, keptScripts }: PackageEdit,
  { leftDependencies, usedDependencies, leftScripts }: PackageRemovals,
): string[] {
  return [
    ...oldRanges.map(
      ({ name, present, needed }) =>
        `${name} "${present}" in package.json allows versions that the modules are not tested with ("${needed}"). It was left as it is.`,
    ),
    ...Object.entries(keptScripts).map(
      ([name, command]) =>
        `The script "${name}" is not as adw-scaffold wrote it, and was left as it is. It would be: ${command}`,
    ),
    ...leftScripts.map(
      (name) =>
        `The script "${name}" of a removed module is not as adw-scaffold wrote it, so it stays in package.json.`,
    ),
    ...leftDependencies.map(
      (name) =>
        `No installed module needs ${name} any more. It was not added by adw-scaffold, so it stays in package.json.`,
    ),
    ...usedDependencies.map(
      (name) =>
        `No installed module needs ${name} any more. A script or a file of yours uses it, so it stays in package.json.`,
    ),
  ];
}

/** What is said where packages go and no module was removed: code of the owner's may use them. */
export function droppedNote({ dependencies }: PackageRemovals): string[] {
  return dependencies.length === 0
    ? []
    : [
        `No module needs what adw-scaffold added to package.json before, so it is taken out: ${dependencies.join(", ")}. If code of yours uses it, add it again.`,
      ];
}
