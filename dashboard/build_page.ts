/**
 * Makes one HTML file of the dashboard's source: its scripts and styles inline
 * and readable, its icon as a data: URL, so that it needs nothing beside it.
 */
import { readFile, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { build, type Metafile } from "esbuild";

/**
 * @param source - the folder with `index.html`, `main.tsx` and `styles/`
 * @param notice - what the comment at the top of the page says
 */
export async function buildPage(
  source: string,
  notice: string,
): Promise<string> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(source, "main.tsx"), join(source, "styles/index.css")],
    outdir: source,
    write: false,
    metafile: true,
    bundle: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
    absWorkingDir: dirname(source),
  });
  await checkStyles(source, Object.keys(metafile.inputs));
  const textOf = (extension: string) =>
    outputFiles.find(({ path }) => path.endsWith(extension))?.text ?? "";
  const licences = await readLicences(dirname(source), metafile);
  const icon = await readFile(join(source, "favicon.svg"), "base64");
  const page = await readFile(join(source, "index.html"), "utf8");
  const fill = (html: string, mark: string, text: string): string => {
    if (!html.includes(mark)) throw new Error(`index.html has no ${mark}`);
    return html.replace(mark, () => text);
  };
  return [
    ["<!-- adw:notice -->", `<!--\n${notice}\n-->`],
    ['href="favicon.svg"', `href="data:image/svg+xml;base64,${icon}"`],
    ['<style id="styles">', `<style id="styles">\n${textOf(".css")}`],
    [
      '<script type="module" id="main">',
      `<script type="module" id="main">\n${textOf(".js")}\n${licences}`,
    ],
  ].reduce((html, [mark = "", text = ""]) => fill(html, mark, text), page);
}

/** A style sheet that index.css forgets would be missing without a word. */
async function checkStyles(
  source: string,
  inputs: readonly string[],
): Promise<void> {
  const used = new Set(inputs.map((input) => basename(input)));
  for (const name of await readdir(join(source, "styles"))) {
    if (name.endsWith(".css") && !used.has(name)) {
      throw new Error(`styles/${name} is not imported by styles/index.css`);
    }
  }
}

/** The licences of the bundled packages, which have to go where their code goes. */
async function readLicences(
  folder: string,
  { inputs }: Metafile,
): Promise<string> {
  const packages = new Set(
    Object.keys(inputs)
      .map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0])
      .filter((path) => path !== undefined),
  );
  const texts = [...packages].toSorted().map(async (path) => {
    const root = join(folder, path);
    const manifest = JSON.parse(
      await readFile(join(root, "package.json"), "utf8"),
    );
    const names = await readdir(root);
    const file = names.find((name) => /^licen[cs]e/i.test(name));
    const text =
      file === undefined
        ? `Licence: ${manifest.license}`
        : (await readFile(join(root, file), "utf8")).trim();
    return `${manifest.name} ${manifest.version}\n\n${text}`;
  });
  const all = (await Promise.all(texts)).join("\n\n").replaceAll("*/", "* /");
  return `/*\nThis page contains these packages.\n\n${all}\n*/\n`;
}
