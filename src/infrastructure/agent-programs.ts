/** Which coding agents are on this machine. */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** The file that a shell would start; undefined where there is none. */
export function findProgram(
  names: readonly string[],
  { PATH = "", Path = PATH, PATHEXT = ".EXE;.CMD" }: Environment,
): string | undefined {
  const endings = process.platform === "win32" ? PATHEXT.split(";") : [""];
  return Path.split(delimiter)
    .filter((folder) => folder !== "")
    .flatMap((folder) =>
      names.flatMap((name) => endings.map((end) => join(folder, name + end))),
    )
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Longer than a cold start of the slowest. */
const VERSION_MS = 5_000;

/** What a program says to `--version`; undefined where it says nothing in time. */
export async function versionOf(
  program: string,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const { execFile } = await import("node:child_process");
  return new Promise((resolve) => {
    const child = execFile(
      program,
      ["--version"],
      { env, timeout: VERSION_MS, killSignal: "SIGKILL" },
      (error, stdout) => {
        resolve(error === null ? stdout.trim() : undefined);
      },
    );
    child.stdin?.end();
  });
}
