/** What `npm install` would bring into a project, without the installation. */
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY } from "./repository.ts";
import { sharedTemporaryFolder } from "./temporary-folder.ts";

const OURS = join(REPOSITORY, "node_modules");
const QUICK = join(__dirname, "tsx");

/**
 * A `node_modules` with the packages of this repository, for all tests of the calling file;
 * its tsx is the quick one of tsx/hooks.mjs.
 */
export function quickPackages(): () => string {
  const folder = sharedTemporaryFolder();
  const packages = () => join(folder(), "node_modules");
  beforeAll(async () => {
    await mkdir(join(packages(), "tsx"), { recursive: true });
    for (const name of await readdir(OURS))
      if (name !== "tsx")
        await symlink(join(OURS, name), join(packages(), name));
    for (const name of await readdir(QUICK))
      await symlink(join(QUICK, name), join(packages(), "tsx", name));
    const { version } = JSON.parse(
      await readFile(join(OURS, "tsx/package.json"), "utf8"),
    );
    const manifest = { name: "tsx", version, exports: "./loader.mjs" };
    await writeFile(
      join(packages(), "tsx/package.json"),
      JSON.stringify(manifest),
    );
  });
  return packages;
}
