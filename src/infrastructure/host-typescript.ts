/** Whether the project's own TypeScript can check what is rendered. */
import type { AdwConfig } from "../domain/config.ts";
import { hostPackages, installedVersions } from "./declared-packages.ts";
import { choosePackageManager, upgradeCommand } from "./package-manager.ts";

/** The first that knows `erasableSyntaxOnly`, which adws/tsconfig.json sets. */
export const OLDEST_TYPESCRIPT = "5.8";

/** The installed TypeScript where it is too old, and the command that installs another. */
export async function oldTypescript(
  root: string,
  config: Pick<AdwConfig, "package_manager">,
): Promise<{ version: string; command: string } | undefined> {
  const version = installedVersions(root)("typescript");
  if (version === undefined) return undefined;
  const { versions } = await import("./ranges.ts");
  if (versions.isAtLeast(version, `${OLDEST_TYPESCRIPT}.0-0`)) return undefined;
  const { name: manager } = await choosePackageManager(root, config);
  const { find } = await hostPackages(root);
  const isDevelopment = find("typescript")?.section !== "dependencies";
  return {
    version,
    command: upgradeCommand(
      manager,
      root,
      `typescript@^${OLDEST_TYPESCRIPT}.0`,
      isDevelopment,
    ),
  };
}

/** A note with the command that helps; none where TypeScript is new enough, or not there. */
export async function typescriptAdvice(
  root: string,
  config: Pick<AdwConfig, "package_manager">,
): Promise<string[]> {
  const old = await oldTypescript(root, config);
  return old === undefined
    ? []
    : [
        `TypeScript ${old.version} is installed here, and checking what is rendered needs ${OLDEST_TYPESCRIPT} or later (erasableSyntaxOnly). The code runs anyway. To type-check it: ${old.command}`,
      ];
}
