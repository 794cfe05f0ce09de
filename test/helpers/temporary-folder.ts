import { mkdtemp, readdir, readFile, realpath, rm } from "node:fs/promises";
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
