/** Another answer of the system's to some calls, by a library of test/fixtures that is compiled here. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FIXTURES = join(__dirname, "../fixtures");

export interface Preload {
  /** For the environment of a program that is to have it. */
  environment: Record<string, string>;
  remove: () => void;
}

/** @throws Error when there is no C compiler: without it nothing is tested. */
export function preload(
  name: string,
  settings: Record<string, string>,
): Preload {
  const source = join(FIXTURES, name, `${name}.c`);
  const folder = mkdtempSync(join(tmpdir(), "adw-preload-"));
  const library = join(folder, `${name}.so`);
  const { status, stderr, error } = spawnSync(
    "cc",
    ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"],
    { encoding: "utf8" },
  );
  if (status !== 0) {
    rmSync(folder, { recursive: true });
    throw new Error(
      `${name} needs a C compiler (cc): ${error?.message ?? stderr}`,
    );
  }
  return {
    environment: { LD_PRELOAD: library, ...settings },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
