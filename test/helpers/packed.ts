import { access } from "node:fs/promises";
import { join } from "node:path";
import { runOrThrow } from "./processes.ts";
import { REPOSITORY } from "./repository.ts";

export { REPOSITORY } from "./repository.ts";

export interface PackedPackage {
  /** Absolute path of the tarball. */
  tarball: string;
  /** Size of the tarball in bytes. */
  size: number;
  /** Size of what is in it, in bytes. */
  unpackedSize: number;
  /** Paths in it, relative to the package. */
  files: string[];
}

/**
 * `npm pack` of the built package. The build is not repeated: `npm test` has just
 * made it, and other suites are reading it.
 */
export async function pack(into: string): Promise<PackedPackage> {
  await access(join(REPOSITORY, "dist")).catch((cause: unknown) => {
    throw new Error("dist/ is missing; run: npm run build", { cause });
  });
  const { stdout } = await runOrThrow(
    "npm",
    ["pack", "--ignore-scripts", "--json", "--pack-destination", into],
    { cwd: REPOSITORY },
  );
  const [{ filename, size, unpackedSize, files }] = JSON.parse(stdout);
  return {
    tarball: join(into, filename),
    size,
    unpackedSize,
    files: files.map(({ path }: { path: string }) => path),
  };
}
