/**
 * Takes the dashboard's pictures for the README and docs/dashboard.md:
 *
 *   npm run build && npm run screenshots
 *
 * Renders the modules, starts them with the demo fleet of the tests, and writes
 * docs/images/dashboard-*.webp with a headless Chromium (CHROMIUM_PATH, else
 * Debian's). The clock is part of the picture, so each run differs a little.
 */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const images = join(root, "docs/images");
const executablePath =
  process.env.CHROMIUM_PATH ??
  [
    "/usr/bin/chromium-headless-shell",
    "/usr/bin/chromium",
    "/usr/bin/google-chrome",
  ].find(existsSync);
if (executablePath === undefined) {
  console.error(
    "No Chromium found: install it (apt-get install chromium), or set CHROMIUM_PATH.",
  );
  process.exit(1);
}

/** name, width, height, colour scheme, query, scale */
const SHOTS = [
  ["light", 1280, 800, "light", "", 1.25],
  ["dark", 1280, 800, "dark", "?event=166", 1.25],
  ["narrow", 360, 740, "light", "", 1.5],
];

const outfile = join(root, "build/screenshots.mjs");
await build({
  stdin: {
    contents: `
      export { demoFleet } from "./test/helpers/dashboard/fleet.ts";
      export * from "./build/rendered/default/adws/adw_modules/adw_dashboard.ts";
      export * from "./build/rendered/default/adws/adw_modules/adw_websockets.ts";
    `,
    resolveDir: root,
    loader: "ts",
  },
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  logLevel: "error",
});
const {
  createDashboard,
  createMemoryHistory,
  demoFleet,
  startServer,
  stopServer,
} = await import(pathToFileURL(outfile).href);

const rendered = join(root, "build/rendered/default/adws");
const history = createMemoryHistory(10_000);
for (const event of demoFleet(Date.now())) history.append(event);
const dashboard = createDashboard({
  source: () => ({ history }),
  directory: join(rendered, "adw_dashboard"),
  title: "checkout",
});
const server = await startServer({
  port: 0,
  history,
  onRequest: dashboard.onRequest,
});
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
await mkdir(images, { recursive: true });
const encoder = await browser.newPage();

/** A tenth of the PNG: these files are part of the package. */
async function toWebp(png) {
  const url = await encoder.evaluate(async (data) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.width;
    canvas.height = image.height;
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas.toDataURL("image/webp", 0.7);
  }, png.toString("base64"));
  return Buffer.from(url.split(",")[1], "base64");
}

for (const [name, width, height, colorScheme, query, scale] of SHOTS) {
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme,
    deviceScaleFactor: scale,
  });
  await page.goto(`http://127.0.0.1:${server.port}/${query}`);
  await page.waitForSelector('.pill[data-state="live"]');
  // Two frames: the canvases are drawn in the one after the data.
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        setTimeout(() => requestAnimationFrame(resolve), 600);
      }),
  );
  const png = await page.screenshot();
  await page.close();
  const path = `docs/images/dashboard-${name}.webp`;
  await writeFile(join(root, path), await toWebp(png));
  console.log(path);
}
await browser.close();
await stopServer(server);
