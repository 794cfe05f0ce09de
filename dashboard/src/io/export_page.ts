/**
 * Makes one HTML file that replays a selection offline: this very dashboard,
 * with its modules as data: URLs behind an import map, and masked events.
 */
import type { AgentEvent } from "../core/types.ts";
import { maskEvent } from "../core/mask.ts";
import { RECORDING_ID } from "./recording.ts";

/** A module's own imports, at the start of a line as prettier writes them. */
const IMPORT = /^((?:import|export)\b[^"';]*?(?:from\s*)?)"(\.{1,2}\/[^"]+)"/gm;

export async function toReplayPage(
  events: readonly AgentEvent[],
  title: string,
): Promise<string> {
  const entry = pageUrl("#main", "src");
  const [modules, styles] = await Promise.all([
    readModules(entry),
    Promise.all(
      [...document.querySelectorAll('link[rel="stylesheet"]')].map((link) =>
        readText(new URL(link.getAttribute("href") ?? "", document.baseURI)),
      ),
    ),
  ]);
  const imports: Record<string, string> = {};
  for (const [url, source] of modules) {
    const named = source.replaceAll(
      IMPORT,
      (_match, head, path) => `${head}"${moduleName(new URL(path, url))}"`,
    );
    imports[moduleName(new URL(url))] = toDataUrl(named);
  }
  for (const [name, path] of Object.entries(vendorImports())) {
    imports[name] = toDataUrl(await readText(new URL(path, document.baseURI)));
  }
  const main = JSON.stringify(moduleName(new URL(entry)));
  const data = events.map((event) => JSON.stringify(maskEvent(event)));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<style>
${styles.join("\n").replaceAll("</style", String.raw`<\/style`)}
</style>
<script type="importmap">${scriptJson(JSON.stringify({ imports }))}</script>
</head>
<body>
<div id="app"></div>
<script type="application/json" id="${RECORDING_ID}">[${scriptJson(data.join(",\n"))}]</script>
<script type="module">import ${main};</script>
</body>
</html>
`;
}

/** A module and all it imports, by URL. */
async function readModules(entry: string) {
  const modules: Map<string, string> = new Map();
  const visit = async (url: string) => {
    if (modules.has(url)) return;
    modules.set(url, "");
    const source = await readText(new URL(url));
    modules.set(url, source);
    const paths = [...source.matchAll(IMPORT)].map((match) => match[2] ?? "");
    await Promise.all(paths.map((path) => visit(new URL(path, url).href)));
  };
  await visit(entry);
  return modules;
}

function vendorImports(): Record<string, string> {
  const element = document.querySelector('script[type="importmap"]');
  const map = JSON.parse(element?.textContent ?? '{"imports":{}}') as {
    imports: Record<string, string>;
  };
  return map.imports;
}

function pageUrl(selector: string, attribute: string) {
  const value = document.querySelector(selector)?.getAttribute(attribute) ?? "";
  return new URL(value, document.baseURI).href;
}

async function readText(url: URL) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname}: ${response.status}`);
  return response.text();
}

/** A name that a data: module can import. */
function moduleName(url: URL) {
  return `adw${url.pathname}`;
}

function toDataUrl(source: string) {
  return `data:text/javascript;charset=utf-8,${encodeURIComponent(source)}`;
}

/** JSON that cannot end the script element it stands in. */
function scriptJson(json: string) {
  return json.replaceAll("<", String.raw`\u003c`);
}

function escapeHtml(text: string) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
