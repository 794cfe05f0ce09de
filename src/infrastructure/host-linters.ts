/**
 * The host project's own linters and formatters: their rules are the owner's, and
 * the rendered folder is left out of them in their own configuration. (Prettier
 * needs nothing: what is rendered is formatted by it.)
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { projectPath, type ProjectPath } from "../domain/paths.ts";
import { addToJsonList, readJsonWithComments } from "./json-list.ts";
import { asRecord } from "./json-values.ts";
import { fromFolder } from "./tsconfig-files.ts";
import { isInRepository, upToRepository } from "./upwards.ts";

/** Where and how one tool is told what to leave out. */
interface Linter {
  name: string;
  /** Its configuration files, in the order in which it looks for them. */
  files: readonly string[];
  /** The key of package.json that may stand for such a file. */
  field?: string;
  /** The line that does it, for a file that is not edited. */
  advice: (folder: string) => string;
  /** The text with the folder left out; undefined where that is the owner's to do. */
  leaveOut: (text: string, place: Place) => string | undefined;
}

interface Place {
  /** The configuration file. */
  path: string;
  /** The rendered folder, as it is named from there. */
  folder: string;
}

export interface LinterEdit {
  linter: string;
  path: ProjectPath;
  before: string;
  after: string;
}

export interface LinterAnswer {
  edits: LinterEdit[];
  /** What the owner can do where nothing is edited. */
  notes: string[];
}

/** Files that lie beside the rendered folder, and are written by us alone. */
const OWN_JSON = "adw.*.json";

const LINTERS: readonly Linter[] = [
  {
    name: "ESLint",
    files: ["js", "mjs", "cjs", "ts", "mts", "cts"].map(
      (extension) => `eslint.config.${extension}`,
    ),
    advice: (folder) => `{ ignores: ["${folder}/"] }`,
    leaveOut: (text, { folder }) => ignoreInFlatConfig(text, `${folder}/`),
  },
  {
    name: "ESLint",
    files: ["js", "cjs", "yaml", "yml", "json"]
      .map((extension) => `.eslintrc.${extension}`)
      .concat(".eslintrc"),
    field: "eslintConfig",
    advice: (folder) => `ignorePatterns: ["${folder}/"]`,
    leaveOut: (text, { path, folder }) =>
      ignoreInEslintrc(text, path, `${folder}/`),
  },
  {
    name: "Biome",
    files: ["biome.json", "biome.jsonc", ".biome.json", ".biome.jsonc"],
    advice: (folder) => `"files": { "includes": ["**", "!${folder}"] }`,
    leaveOut: (text, { folder }) => ignoreInBiome(text, folder),
  },
  {
    name: "oxlint",
    files: [".oxlintrc.json", ".oxlintrc.jsonc", "oxlint.config.ts"],
    advice: (folder) => `"ignorePatterns": ["${folder}/"]`,
    leaveOut: (text, { folder }) =>
      addToJsonList(text, { path: ["ignorePatterns"], values: [`${folder}/`] }),
  },
  {
    name: "oxfmt",
    files: [".oxfmtrc.json", ".oxfmtrc.jsonc", "oxfmt.config.ts"],
    advice: (folder) => `"ignorePatterns": ["${folder}/", "${OWN_JSON}"]`,
    leaveOut: (text, { folder }) =>
      addToJsonList(text, {
        path: ["ignorePatterns"],
        values: [`${folder}/`, OWN_JSON],
      }),
  },
];

/**
 * What leaves the rendered folder out of every linter that the project has.
 * A configuration that names the folder already is its owner's decision.
 *
 * @param read - reads a file by its path in the project
 */
export async function leaveOutOfLinters(
  root: string,
  adwsDir: string,
  read: (path: ProjectPath) => Promise<string | null>,
): Promise<LinterAnswer> {
  const answer: LinterAnswer = { edits: [], notes: [] };
  const settled = new Set<string>();
  const manifest = asRecord(
    readJsonWithComments((await read(projectPath("package.json"))) ?? "{}"),
  );
  for (const { name, files, field = "", advice, leaveOut } of LINTERS) {
    // A flat configuration makes ESLint ignore the older kind.
    if (settled.has(name)) continue;
    const path = files
      .map(projectPath)
      .find((file) => existsSync(join(root, file)));
    if (path === undefined && Object.hasOwn(manifest, field)) {
      settled.add(name);
      if (!JSON.stringify(manifest[field]).includes(adwsDir))
        answer.notes.push(
          `"${field}" in package.json (${name}) was left as it is. If its rules are stricter than ${adwsDir}/, add "ignorePatterns": ["${adwsDir}/"] there.`,
        );
      continue;
    }
    if (path === undefined) {
      const above = configAbove(root, files);
      if (above === undefined) continue;
      settled.add(name);
      const folder = fromFolder(dirname(above), join(root, adwsDir));
      answer.notes.push(
        `${name}'s configuration lies above the project, and was left as it is: ${above}. If its rules are stricter than ${adwsDir}/, add ${advice(folder)} there.`,
      );
      continue;
    }
    settled.add(name);
    const before = await read(path);
    if (before?.includes(adwsDir) === true) continue;
    const after =
      before === null ? undefined : leaveOut(before, { path, folder: adwsDir });
    if (before === null || after === undefined) {
      answer.notes.push(
        `${path} (${name}) was left as it is, because it could not be edited safely. If its rules are stricter than ${adwsDir}/, add ${advice(adwsDir)} there.`,
      );
    } else if (after !== before) {
      answer.edits.push({ linter: name, path, before, after });
    }
  }
  return answer;
}

/** A configuration further up, within the same repository: what lies above that has nothing to do with the project. */
function configAbove(
  root: string,
  files: readonly string[],
): string | undefined {
  if (!isInRepository(root)) return undefined;
  return upToRepository(root)
    .slice(1)
    .flatMap((folder) => files.map((name) => join(folder, name)))
    .find((file) => existsSync(file));
}

/** Functions that take configuration objects and nothing else. */
const CONFIG_CALL = String.raw`(?:defineConfig|(?:tseslint|typescriptEslint|ts)\.config)\(`;
/** ESLint's own, and typescript-eslint's: those take any number of configurations, in whatever form. */
const VARIADIC =
  /\b(?:from\s*|require\s*\(\s*)["'](?:eslint\/config|typescript-eslint)["']/;

/** An object with nothing but `ignores` is global: https://eslint.org/docs/latest/use/configure/ignore */
function ignoreInFlatConfig(text: string, folder: string): string | undefined {
  const code = withoutComments(text);
  const exported = /^(?:export\s+default|module\.exports\s*=)\s*/m.exec(code);
  if (exported === null) return undefined;
  let start = exported.index + exported[0].length;
  const name = /^[A-Za-z_$][\w$]*(?=\s*(?:;|$|\n|satisfies\b|as\b))/.exec(
    text.slice(start),
  )?.[0];
  if (name !== undefined) {
    const declared = new RegExp(
      String.raw`^(?:export\s+)?(?:const|let|var)\s+${name.replaceAll("$", String.raw`\$`)}\s*(?::[^=]+)?=\s*`,
      "m",
    ).exec(code);
    if (declared === null) return undefined;
    start = declared.index + declared[0].length;
  }
  const first = VARIADIC.test(code) ? "" : String.raw`(?!\s*[\w$.])`;
  const opening = new RegExp(
    String.raw`^(?:${CONFIG_CALL}\s*\[|${CONFIG_CALL}${first}|\(?\s*\[)`,
  ).exec(code.slice(start));
  if (opening === null) return undefined;
  const quote = quoteOf(text);
  return insertFirst(
    text,
    start + opening[0].length,
    `{ ignores: [${quote}${folder}${quote}] }`,
  );
}

/** The code with spaces for its comments, so that every offset stays true. A glob in quotes is none. */
function withoutComments(text: string): string {
  return text.replaceAll(
    /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*.*?\*\//gs,
    (part) => (part.startsWith("/") ? part.replaceAll(/[^\r\n]/g, " ") : part),
  );
}

function ignoreInEslintrc(
  text: string,
  path: string,
  folder: string,
): string | undefined {
  if (/ya?ml$/.test(path)) return ignoreInYaml(text, folder);
  if (!/\.c?js$/.test(path)) {
    return (
      addToJsonList(text, { path: ["ignorePatterns"], values: [folder] }) ??
      (path === ".eslintrc" ? ignoreInYaml(text, folder) : undefined)
    );
  }
  const quote = quoteOf(text);
  const entry = `${quote}${folder}${quote}`;
  const list = /^\s*['"]?ignorePatterns['"]?\s*:\s*\[/m.exec(text);
  if (list !== null)
    return insertFirst(text, list.index + list[0].length, entry);
  const opening = /^module\.exports\s*=\s*\{/m.exec(text);
  if (opening === null || text.includes("ignorePatterns")) return undefined;
  return insertFirst(
    text,
    opening.index + opening[0].length,
    `ignorePatterns: [${entry}]`,
  );
}

function ignoreInYaml(text: string, folder: string): string | undefined {
  if (/^ignorePatterns\s*:/m.test(text) || !/^\w+\s*:/m.test(text))
    return undefined;
  const end = text.endsWith("\n") ? "" : "\n";
  return `${text}${end}ignorePatterns: ["${folder}"]\n`;
}

/** Biome 2 lists what it includes, the last match wins; Biome 1 what it ignores. */
function ignoreInBiome(text: string, folder: string): string | undefined {
  const config = asRecord(readJsonWithComments(text));
  const files = asRecord(config["files"]);
  const formatter = asRecord(config["formatter"]);
  const json = asRecord(asRecord(config["json"])["formatter"]);
  const width = json["lineWidth"] ?? formatter["lineWidth"];
  const line = { width: typeof width === "number" ? width : BIOME_WIDTH };
  const isFirstVersion =
    "ignore" in files ||
    "include" in files ||
    /\/schemas\/1\./.test(String(config["$schema"]));
  if (isFirstVersion) {
    return addToJsonList(text, {
      path: ["files", "ignore"],
      values: [folder, OWN_JSON],
      ...line,
    });
  }
  const includes: unknown = files["includes"];
  const reaches =
    !Array.isArray(includes) ||
    includes.some(
      (glob) => typeof glob === "string" && /^(?:\.\/)?\*/.test(glob),
    );
  if (!reaches) return text;
  return addToJsonList(text, {
    path: ["files", "includes"],
    values: [`!${folder}`, `!${OWN_JSON}`],
    whenNew: ["**"],
    atEnd: true,
    ...line,
  });
}

const BIOME_WIDTH = 80;

/**
 * The longest line that Biome leaves in a JSON file; undefined without Biome,
 * which is the one tool that would break a longer one in its own check.
 */
export async function lineWidth(
  read: (path: ProjectPath) => Promise<string | null>,
): Promise<number | undefined> {
  for (const path of ["biome.json", "biome.jsonc"].map(projectPath)) {
    const text = await read(path);
    if (text === null) continue;
    const config = asRecord(readJsonWithComments(text));
    const width = asRecord(config["formatter"])["lineWidth"];
    return typeof width === "number" ? width : BIOME_WIDTH;
  }
  return undefined;
}

/** Puts an entry before the first one, on a line of its own where those have one. */
function insertFirst(text: string, at: number, entry: string): string {
  const rest = text.slice(at);
  const lineEnd = /^(?:[^\S\r\n]|\/\*.*?\*\/)*(?:\/\/[^\r\n]*)?(?=\r?\n)/.exec(
    rest,
  );
  if (lineEnd === null) {
    const comma = /^\s*[\])}]/.test(rest) ? "" : ", ";
    const space = /^ /.exec(rest)?.[0] ?? "";
    return text.slice(0, at) + space + entry + comma + rest.trimStart();
  }
  const end = at + lineEnd[0].length;
  const indent = /^\s*\n([ \t]*)(?=\S)/.exec(text.slice(end))?.[1] ?? "  ";
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  return `${text.slice(0, end)}${eol}${indent}${entry},${text.slice(end)}`;
}

/** The quotes that a file uses most. */
function quoteOf(text: string): string {
  const count = (quote: string) => text.split(quote).length;
  return count("'") > count('"') ? "'" : '"';
}
