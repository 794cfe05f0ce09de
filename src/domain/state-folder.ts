/** Where what belongs to a user, and to no project, lies on this machine. */
import { isAbsolute, join } from "node:path";

/**
 * `adw-scaffold` in the user's state folder: `$XDG_STATE_HOME`, else
 * `~/.local/state` (XDG Base Directory Specification; a relative value counts as
 * none). On Windows without that variable `%LOCALAPPDATA%`.
 *
 * @param home - the user's home folder, as os.homedir() has it
 */
export function stateFolder(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
  platform: NodeJS.Platform = process.platform,
): string {
  const { XDG_STATE_HOME: xdg = "", LOCALAPPDATA: local = "" } = env;
  if (isAbsolute(xdg)) return join(xdg, "adw-scaffold");
  if (platform === "win32")
    return join(local || join(home, "AppData", "Local"), "adw-scaffold");
  return join(home, ".local", "state", "adw-scaffold");
}

/** The log of `watch`, in the state folder. */
export const WATCH_LOG = "watch.db";

/** What hooks put aside for all projects, until somebody watches. */
export function userSpool(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
  platform: NodeJS.Platform = process.platform,
): string {
  return join(stateFolder(env, home, platform), "spool");
}
