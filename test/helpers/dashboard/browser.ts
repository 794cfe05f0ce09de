/** Headless Chromium, or a loud word that there is none. */
import { existsSync } from "node:fs";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

const CANDIDATES = [
  process.env["CHROMIUM_PATH"] ?? "",
  // The same engine without a window, at half of the processor time.
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];
export const chromiumPath = CANDIDATES.find(
  (path) => path !== "" && existsSync(path),
);

/** Nothing that would reach out of this machine by itself. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** `describe` where there is a browser; elsewhere it is skipped, and says so. */
export function describeInBrowser(name: string, body: () => void): void {
  if (chromiumPath !== undefined) {
    describe(name, body);
    return;
  }
  process.stderr.write(
    `\nSKIPPED: ${name}: no Chromium found (looked at ${CANDIDATES.filter(Boolean).join(", ")}). ` +
      "Install it with 'apt-get install chromium-headless-shell', or set CHROMIUM_PATH.\n\n",
  );
  describe.skip(name, body);
}

export async function launch(): Promise<Browser> {
  // Loaded here, so that nothing is needed where there is no browser.
  const { chromium } = await import("playwright-core");
  return chromium.launch({ executablePath: chromiumPath ?? "", args: FLAGS });
}

/** A page of its own, and all it complained about or asked for. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; problems: string[]; outside: string[] }> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    acceptDownloads: true,
    ...options,
  });
  const page = await context.newPage();
  const problems: string[] = [];
  const outside: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()))
      problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  const watch = (target: string): void => {
    const { protocol, host } = new URL(target);
    if (["data:", "blob:", "about:"].includes(protocol)) return;
    if (host !== new URL(url).host) outside.push(target);
  };
  page.on("request", (request) => watch(request.url()));
  page.on("websocket", (socket) => watch(socket.url()));
  await page.goto(url);
  return { page, problems, outside };
}
