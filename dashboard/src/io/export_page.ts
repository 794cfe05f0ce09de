/**
 * Makes one HTML file that replays a selection offline: this very page, its
 * own script and styles as they stand in the document, with masked events.
 */
import { maskEvent } from "../core/mask.ts";
import type { AgentEvent } from "../core/types.ts";
import { RECORDING_ID } from "./recording.ts";

export async function toReplayPage(
  events: readonly AgentEvent[],
  title: string,
): Promise<string> {
  const script = document.querySelector("script#main")?.textContent ?? "";
  const styles = readStyles();
  const data = events.map((event) => JSON.stringify(maskEvent(event)));
  const policy = [
    "default-src 'none'",
    `script-src ${await sourceOf([script])}`,
    `style-src ${await sourceOf(styles)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
${readIcon()}
${styles.map((style) => `<style>${style}</style>`).join("\n")}
</head>
<body>
<div id="app"></div>
<script type="application/json" id="${RECORDING_ID}">[${scriptJson(data.join(",\n"))}]</script>
<script type="module" id="main">${script}</script>
</body>
</html>
`;
}

/** The page's own styles, then those of custom.css where there are any. */
function readStyles(): string[] {
  const own = [...document.querySelectorAll("style")].map(
    ({ textContent }) => textContent,
  );
  const linked = [...document.styleSheets]
    .filter(({ ownerNode }) => ownerNode instanceof HTMLLinkElement)
    .map((sheet) => [...sheet.cssRules].map((rule) => rule.cssText).join("\n"))
    .filter((text) => text !== "")
    // In a style sheet "<" occurs in strings only, where this means the same.
    .map((text) => text.replaceAll("</", String.raw`<\/`));
  return [...own, ...linked];
}

/** The favicon, which is a data: URL and so needs no file beside the page. */
function readIcon(): string {
  const icon = document.querySelector('link[rel="icon"]')?.getAttribute("href");
  return icon?.startsWith("data:") === true
    ? `<link rel="icon" href="${escapeHtml(icon)}">`
    : "";
}

/**
 * Allows exactly these texts, by their hashes. A page that came over plain HTTP
 * from another machine has no `crypto.subtle`; it allows what is inline.
 */
async function sourceOf(texts: readonly string[]): Promise<string> {
  const subtle = globalThis.isSecureContext ? crypto.subtle : undefined;
  if (subtle === undefined) return "'unsafe-inline'";
  const hashes = texts.map(async (text) => {
    const bytes = new TextEncoder().encode(text);
    const hash = new Uint8Array(await subtle.digest("SHA-256", bytes));
    return `'sha256-${btoa(String.fromCharCode(...hash))}'`;
  });
  return (await Promise.all(hashes)).join(" ");
}

/** JSON that cannot end the script element it stands in. */
function scriptJson(json: string) {
  return json.replaceAll("<", String.raw`\u003c`);
}

function escapeHtml(text: string) {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll('"', "&quot;");
}
