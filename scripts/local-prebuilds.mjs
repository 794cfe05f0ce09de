/**
 * Lets projects that tests and the demo install reuse the better-sqlite3 binary
 * of this repository: without it, each of them would download or compile its
 * own. Only where the version and the Node are the same; else nothing changes.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Where `prebuild-install` looks before it downloads, as environment variables. */
export function localPrebuilds() {
  const source = join(root, "node_modules/better-sqlite3");
  const folder = join(root, "build/prebuilds");
  const binary = "build/Release/better_sqlite3.node";
  if (!existsSync(join(source, binary))) return {};
  const { version } = JSON.parse(
    readFileSync(join(source, "package.json"), "utf8"),
  );
  const { platform, arch, versions } = process;
  const name = `better-sqlite3-v${version}-node-v${versions.modules}-${platform}-${arch}.tar.gz`;
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, name))) {
    const { status } = spawnSync(
      "tar",
      ["-czf", join(folder, name), "-C", source, binary],
      { stdio: "ignore" },
    );
    if (status !== 0) return {};
  }
  return { npm_config_better_sqlite3_local_prebuilds: folder };
}
