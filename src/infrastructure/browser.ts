/** Opens a page in the user's browser. */
import { spawn } from "node:child_process";

/** @returns false where there is nothing to open it with */
export async function openInBrowser(url: string): Promise<boolean> {
  const [command, ...parameters] = opener(process.platform, url);
  const child = spawn(command, parameters, {
    stdio: "ignore",
    detached: true,
  });
  child.unref();
  return new Promise((resolve) => {
    child.once("error", () => {
      resolve(false);
    });
    child.once("spawn", () => {
      resolve(true);
    });
  });
}

function opener(platform: NodeJS.Platform, url: string): [string, ...string[]] {
  if (platform === "darwin") return ["open", url];
  // `start` is a word of the shell, to which & is one too.
  if (platform === "win32")
    return ["rundll32", "url.dll,FileProtocolHandler", url];
  return ["xdg-open", url];
}
