/** `doctor`: package.json has what the modules need, and it is installed. */
import { AdwError, formatLocation } from "../../domain/errors.ts";
import { oldestServing } from "../../domain/host-packages.ts";
import { applyTransaction } from "../../infrastructure/file-transaction.ts";
import {
  PACKAGE_FILE,
  editPackageJson,
  type PackageNeeds,
} from "../../infrastructure/package-json.ts";
import { readProjectFile } from "../../infrastructure/project-files.ts";
import {
  formatEdited,
  projectFormatter,
} from "../../infrastructure/project-prettier.ts";
import {
  OLDEST_TYPESCRIPT,
  oldTypescript,
} from "../../infrastructure/host-typescript.ts";
import { examineHostPackages, oldWords } from "../host-versions.ts";
import { missingFromManifest, packageNeeds } from "../package-plan.ts";
import type { Project } from "../project.ts";
import type { Problem } from "./finding.ts";
import { hostPackages } from "../../infrastructure/declared-packages.ts";
import {
  choosePackageManager,
  installCommand,
} from "../../infrastructure/package-manager.ts";

export async function packagesProblem(
  project: Project,
): Promise<Problem | undefined> {
  try {
    return (await missingInManifest(project)) ?? (await notServing(project));
  } catch (error) {
    // A broken package.json is a finding, not the end of the examination.
    if (!(error instanceof AdwError) || error.where?.file !== PACKAGE_FILE) {
      throw error;
    }
    return {
      message: `${error.message} (${formatLocation(error.where)})`,
      fix: error.hint ?? "Correct package.json.",
    };
  }
}

function needsOf({ source, config, lock }: Project): PackageNeeds {
  return packageNeeds(source.registry.resolve(config.modules), config, lock);
}

async function missingInManifest(
  project: Project,
): Promise<Problem | undefined> {
  const { root } = project;
  const text = await readProjectFile(root, PACKAGE_FILE);
  const edit = await editPackageJson(text, needsOf(project));
  const missing = missingFromManifest(edit);
  if (missing.length === 0) return undefined;
  return {
    message: `package.json lacks ${missing.join(", ")}`,
    fix: "Run adw-scaffold init, which adds them.",
    repair: async () => {
      const content = await formatEdited(await projectFormatter(root), {
        path: PACKAGE_FILE,
        before: text,
        after: edit.content,
      });
      await applyTransaction(root, [
        { path: PACKAGE_FILE, content, previous: text },
      ]);
      return `added ${missing.join(", ")} to package.json; install them with your package manager`;
    },
  };
}

async function notServing(project: Project): Promise<Problem | undefined> {
  const needs = needsOf(project);
  const { versions } = await import("../../infrastructure/ranges.ts");
  const { installedVersion } = await hostPackages(project.root);
  const missing: string[] = [];
  const stale: string[] = [];
  for (const [name, tested] of Object.entries({
    ...needs.devDependencies,
    ...needs.dependencies,
  })) {
    const version = installedVersion(name);
    const oldest = oldestServing(name, tested, versions);
    if (version === undefined) missing.push(name);
    // Types only help an editor: what runs does not load them.
    else if (name.startsWith("@types/")) continue;
    else if (!versions.isAtLeast(version, oldest)) {
      stale.push(`${name} ${version} is installed, and ${oldest} is needed`);
    }
  }
  const { old } = await examineHostPackages(project, needs);
  const isOld = old.length > 0;
  const words = [
    ...(missing.length === 0 ? [] : [`not installed: ${missing.join(", ")}`]),
    ...(isOld ? [oldWords(old)] : stale),
  ];
  if (words.length === 0) return undefined;
  return {
    message: words.join("; "),
    // The range itself asks for an old version: installing it again changes nothing.
    fix: isOld
      ? old.map(({ fix }) => fix).join("; ")
      : `Run: ${await installWords(project)}`,
  };
}

async function installWords({ root, config }: Project): Promise<string> {
  const { name: manager } = await choosePackageManager(root, config);
  return installCommand(manager).join(" ");
}

export async function typescriptProblem({
  root,
  config,
}: Project): Promise<Problem | undefined> {
  const old = await oldTypescript(root, config);
  return old === undefined
    ? undefined
    : {
        message: `TypeScript ${old.version} cannot check ${config.adws_dir}/: its tsconfig.json needs ${OLDEST_TYPESCRIPT} or later`,
        fix: `Run: ${old.command}`,
      };
}
