/** A project with a log and a server, in which the demo plays. */
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { runCli } from "./cli.ts";
import { REPOSITORY } from "./packed.ts";
import { endAllProcesses } from "./processes.ts";
import { sharedTemporaryFolder } from "./temporary-folder.ts";

/** What the demo says last. */
export const COUNTS = /\nsent (\d+), received (\d+)\n$/;

/** One for all tests of the calling file; what they start is ended. */
export function demoProject() {
  const folder = sharedTemporaryFolder();
  const project = () => join(folder(), "project");
  beforeAll(async () => {
    const modules = ["--modules", "adw_server,adw_logging"];
    await runCli(
      ["init", "project", "--yes", "--no-install", ...modules],
      folder(),
    );
    await symlink(
      join(REPOSITORY, "node_modules"),
      join(project(), "node_modules"),
    );
  });
  afterEach(endAllProcesses);
  return {
    folder,
    project,
    demo: (...parameters: string[]) =>
      runCli(["demo", ...parameters], project()),
  };
}
