import { createHash } from "node:crypto";
import {
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

/** A folder of its own for each test of the calling file; removed afterwards. */
export function temporaryFolder(): () => string {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "adw-test-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  return () => folder;
}

/** One folder for all tests of the calling file; removed after the last. */
export function sharedTemporaryFolder(): () => string {
  let folder = "";
  beforeAll(async () => {
    // The real path: npm and the CLI print it, and on some systems /tmp is a link.
    folder = await realpath(await mkdtemp(join(tmpdir(), "adw-test-")));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  return () => folder;
}

/** Every file below a folder with its text, for comparing before and after. */
export async function snapshotFolder(
  folder: string,
): Promise<Record<string, string>> {
  const entries = await readdir(folder, {
    recursive: true,
    withFileTypes: true,
  });
  const files: Record<string, string> = {};
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path);
    if (entry.isDirectory()) files[`${name}/`] = "";
    if (entry.isFile()) files[name] = await readFile(path, "utf8");
  }
  return files;
}

/**
 * The SHA-256 of every file below a folder, for comparing before and after.
 * Symbolic links stand with their target. `node_modules` is left out: package
 * managers write there.
 */
export async function hashFolder(
  folder: string,
): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  const visit = async (below: string): Promise<void> => {
    const entries = await readdir(join(folder, below), { withFileTypes: true });
    for (const entry of entries) {
      const name = join(below, entry.name);
      const path = join(folder, name);
      if (entry.isSymbolicLink()) hashes[name] = `→ ${await readlink(path)}`;
      else if (entry.isFile()) {
        hashes[name] = createHash("sha256")
          .update(await readFile(path))
          .digest("hex");
      } else if (entry.isDirectory() && entry.name !== "node_modules") {
        await visit(name);
      }
    }
  };
  await visit("");
  return hashes;
}
