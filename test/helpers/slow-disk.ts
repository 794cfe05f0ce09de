/** A disk whose every sync takes long, made by a library that is compiled here. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SOURCE = join(__dirname, "../fixtures/slow_disk/slow_disk.c");

export interface SlowDisk {
  /** For the environment of a program that is to have it. */
  environment: Record<string, string>;
  remove: () => void;
}

/** @throws Error when there is no C compiler: without it nothing is tested. */
export function slowDisk(milliseconds: number): SlowDisk {
  const folder = mkdtempSync(join(tmpdir(), "adw-slow-disk-"));
  const library = join(folder, "slow_disk.so");
  const { status, stderr, error } = spawnSync(
    "cc",
    ["-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"],
    { encoding: "utf8" },
  );
  if (status !== 0) {
    rmSync(folder, { recursive: true });
    throw new Error(
      `a slow disk needs a C compiler (cc): ${error?.message ?? stderr}`,
    );
  }
  return {
    environment: { LD_PRELOAD: library, SLOW_DISK_MS: String(milliseconds) },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
