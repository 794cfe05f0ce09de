/** The folders around a folder: where Node looks for packages, and git for its repository. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder itself and those around it, nearest first. */
export function upwards(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...upwards(parent)];
}

/** As far as the top of its repository; all of them where it is in none. */
export function upToRepository(folder: string): string[] {
  const folders = upwards(folder);
  const top = folders.findIndex(isRepository);
  return top === -1 ? folders : folders.slice(0, top + 1);
}

/** Whether a folder is in the work tree of a repository, as far as its folders tell. */
export function isInRepository(folder: string): boolean {
  return upwards(folder).some(isRepository);
}

export function isRepository(folder: string): boolean {
  return existsSync(join(folder, ".git"));
}

/** The nearest of these files, from a folder upwards. */
export function findUpwards(
  folder: string,
  ...names: readonly string[]
): string | undefined {
  return upwards(folder)
    .flatMap((at) => names.map((name) => join(at, name)))
    .find((file) => existsSync(file));
}
