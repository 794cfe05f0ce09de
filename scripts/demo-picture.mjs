/**
 * Draws docs/images/demo.svg: the end of a real run of the demo, as a terminal
 * shows it. Run `npm run build` before.
 */
import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { localPrebuilds } from "./local-prebuilds.mjs";

const COLUMNS = 104;
const ROWS = 30;
const CHARACTER = { width: 8.43, height: 19 };
const PADDING = { x: 18, top: 44, bottom: 16 };
const BACKGROUND = "#1e222a";
const FOREGROUND = "#dcdfe4";
const COLORS = {
  31: "#e06c75",
  32: "#98c379",
  33: "#e5c07b",
  34: "#61afef",
  35: "#c678dd",
  36: "#56b6c2",
};

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
// The demo colours and aligns its lines for a terminal only; this one has no window.
const terminal = `data:text/javascript,process.stdout.isTTY=true;process.stdout.columns=${COLUMNS}`;
const { stdout, status } = spawnSync(
  process.execPath,
  [join(root, "dist/cli.js"), "demo", "--rate", "100"],
  {
    cwd: tmpdir(),
    encoding: "utf8",
    // The process that prints the lines is a child of this one.
    env: {
      ...process.env,
      ...localPrebuilds(),
      NODE_OPTIONS: `--import=${terminal}`,
    },
  },
);
if (status !== 0) throw new Error(`the demo failed with ${status}`);

const lines = stdout.trimEnd().split("\n").slice(-ROWS);
const width = Math.ceil(COLUMNS * CHARACTER.width) + 2 * PADDING.x;
const height = PADDING.top + lines.length * CHARACTER.height + PADDING.bottom;
const rows = lines.map((line, index) => {
  const y = PADDING.top + (index + 0.8) * CHARACTER.height;
  return `<text x="${PADDING.x}" y="${y.toFixed(1)}">${spans(line)}</text>`;
});

await mkdir(join(root, "docs/images"), { recursive: true });
await writeFile(
  join(root, "docs/images/demo.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="The end of npx adw-scaffold demo: one line for each event of a fleet of agents, then how many events were sent and received">
<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>
<g><circle cx="22" cy="22" r="6" fill="#ff5f57"/><circle cx="42" cy="22" r="6" fill="#febc2e"/><circle cx="62" cy="22" r="6" fill="#28c840"/></g>
<text x="50%" y="26" text-anchor="middle" fill="#8b93a1" font-family="ui-sans-serif, system-ui, sans-serif" font-size="13">npx adw-scaffold demo</text>
<g fill="${FOREGROUND}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" xml:space="preserve">
${rows.join("\n")}
</g>
</svg>
`,
);

/** One terminal line as tspans; SGR codes (ECMA-48 §8.3.117) become attributes. */
function spans(line) {
  const style = { color: undefined, bold: false, dim: false };
  let result = "";
  for (const [, codes, text] of `\u001b[0m${line}`.matchAll(
    /\u001b\[([0-9;]*)m([^\u001b]*)/g,
  )) {
    for (const code of codes.split(";").map(Number)) {
      if (code === 0)
        Object.assign(style, { color: undefined, bold: false, dim: false });
      else if (code === 1) style.bold = true;
      else if (code === 2) style.dim = true;
      else if (code === 22) Object.assign(style, { bold: false, dim: false });
      else if (code === 39) style.color = undefined;
      else if (COLORS[code] !== undefined) style.color = COLORS[code];
    }
    if (text !== "")
      result += `<tspan${attributes(style)}>${escape(text)}</tspan>`;
  }
  return result;
}

function attributes({ color, bold, dim }) {
  return [
    color === undefined ? "" : ` fill="${color}"`,
    bold ? ' font-weight="bold"' : "",
    dim ? ' opacity="0.55"' : "",
  ].join("");
}

function escape(text) {
  return (
    text
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      // Runs of spaces are the alignment; SVG would make them one.
      .replaceAll(" ", "\u00a0")
  );
}
