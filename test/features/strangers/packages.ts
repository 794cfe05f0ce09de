/** Packages from npm that several projects need, installed once, in build/strangers/. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY } from "../../helpers/packed.ts";
import { runOrThrow, strangersEnvironment } from "../../helpers/processes.ts";

/** Names and version ranges, as a manifest lists them. */
export type Packages = Readonly<Record<string, string>>;

const INSTALL_MS = 600_000;
/** Nothing of it needs the scripts of its packages, or a report on them. */
export const QUICKLY = [
  "--prefer-offline",
  "--no-audit",
  "--no-fund",
  "--ignore-scripts",
] as const;

/** What the linters need, whichever of them a project uses. */
export const LINTERS: Packages = {
  "@biomejs/biome": "^2.4.0",
  "@eslint/js": "^9.0.0",
  eslint: "^9.0.0",
  oxlint: "^1.90.0",
  prettier: "^3.6.0",
  typescript: "~5.9.0",
  "typescript-eslint": "^8.40.0",
};

/** `describe`, or a loud `describe.skip` where the npm registry cannot be reached. */
export function describeWithRegistry(): jest.Describe {
  const { error, status, stderr } = spawnSync(
    "npm",
    ["view", "ws", "version", "--fetch-retries=1", "--fetch-timeout=20000"],
    { encoding: "utf8", env: strangersEnvironment(), timeout: 60_000 },
  );
  if (status === 0) return describe;
  const reason = error?.message ?? stderr.trim();
  process.stderr.write(
    `\nSKIPPED: projects of strangers are installed from the npm registry, which cannot be reached:\n${reason}\n\n`,
  );
  return describe.skip;
}

/** Installs these packages unless it has been done; the folder with `node_modules`. */
export async function installed(packages: Packages): Promise<string> {
  const manifest = JSON.stringify({ private: true, dependencies: packages });
  const key = createHash("sha256")
    .update(`${process.version} ${manifest}`)
    .digest("hex")
    .slice(0, 12);
  const home = join(REPOSITORY, "build/strangers", key);
  if (existsSync(home)) return home;
  // Under its name only when it is whole.
  const draft = `${home}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  await writeFile(join(draft, "package.json"), manifest);
  await runOrThrow("npm", ["install", ...QUICKLY], {
    cwd: draft,
    timeoutMs: INSTALL_MS,
  });
  await rename(draft, home);
  return home;
}

/** Lets a project use packages that are installed elsewhere. */
export async function share(packages: Packages, root: string): Promise<void> {
  await symlink(
    join(await installed(packages), "node_modules"),
    join(root, "node_modules"),
  );
}
