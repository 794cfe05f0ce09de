/**
 * A small project whose one module comes from its own `templates_dir`, so that a
 * test can change the template as a new release of the package would.
 */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runCli, type CliResult } from "./cli.ts";

export interface ManifestModule {
  name: string;
  version: string;
  summary: string;
  files: string[];
  requires?: string[];
  renamedFiles?: Record<string, string>;
  generatedFiles?: string[];
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  scripts?: Record<string, string>;
}

export interface TemplateProject {
  root: string;
  /** Runs the built CLI there; nothing is ever installed. */
  run: (...parameters: string[]) => Promise<CliResult>;
  /** Like `run`, but any other exit code than 0 is an error. */
  done: (...parameters: string[]) => Promise<CliResult>;
  read: (path: string) => Promise<string>;
  write: (path: string, text: string) => Promise<void>;
  /** Replaces a text that must be there once. */
  edit: (path: string, before: string, after: string) => Promise<void>;
  remove: (path: string) => Promise<void>;
  /** Changes settings in adw.config.json. */
  configure: (settings: Record<string, unknown>) => Promise<void>;
  manifest: (...modules: ManifestModule[]) => Promise<void>;
}

export const GREETING: ManifestModule = {
  name: "greeting",
  version: "1.0.0",
  summary: "Greets",
  files: ["adws/greeting.ts"],
};

/** Eight constants, one a line, and one that a setting decides. */
export const GREETING_TEMPLATE = `export const NAME = << config.project_name | literal >>;
export const ONE = 1;
export const TWO = 2;
export const THREE = 3;
export const FOUR = 4;
export const FIVE = 5;
export const SIX = 6;
export const SEVEN = 7;
`;

/** Where the template of the module stands. */
export const TEMPLATE = "templates/adws/greeting.ts.njk";

export const CONFIG = {
  project_name: "demo",
  templates_dir: "templates",
  sqlite_driver: "node:sqlite",
  typescript_runner: "node",
};

/** A project that exists. */
export function projectAt(root: string): TemplateProject {
  const at = (path: string) => join(root, path);
  const read = (path: string) => readFile(at(path), "utf8");
  const write = async (path: string, text: string) => {
    await mkdir(dirname(at(path)), { recursive: true });
    await writeFile(at(path), text);
  };
  const run = (command: string, ...parameters: string[]) =>
    runCli(
      [
        command,
        ...(WRITING.has(command) ? ["--no-install"] : []),
        ...parameters,
      ],
      root,
    );
  return {
    root,
    run,
    done: async (command, ...parameters) => {
      const result = await run(command, ...parameters);
      if (result.code === 0) return result;
      throw new Error(
        `${command} ended with ${result.code}\n${result.stdout}${result.stderr}`,
      );
    },
    read,
    write,
    edit: async (path, before, after) => {
      const text = await read(path);
      if (text.split(before).length !== 2)
        throw new Error(`${path} does not have ${before} once:\n${text}`);
      await write(
        path,
        text.replace(before, () => after),
      );
    },
    remove: (path) => rm(at(path), { recursive: true }),
    configure: async (settings) => {
      const config: object = JSON.parse(await read("adw.config.json"));
      await write(
        "adw.config.json",
        `${JSON.stringify({ ...config, ...settings }, null, 2)}\n`,
      );
    },
    manifest: (...modules) =>
      write("templates/manifest.json", JSON.stringify({ modules }, null, 2)),
  };
}

/** Everything that is needed for `add greeting`; nothing is installed yet. */
export async function templateProject(root: string): Promise<TemplateProject> {
  const project = projectAt(root);
  const { write } = project;
  await write("adw.config.json", `${JSON.stringify(CONFIG, null, 2)}\n`);
  await write("package.json", '{ "name": "host", "version": "1.0.0" }\n');
  await write(TEMPLATE, GREETING_TEMPLATE);
  await project.manifest(GREETING);
  return project;
}

const WRITING = new Set(["init", "add", "update", "remove"]);

let prepared: Promise<string> | undefined;
afterAll(async () => {
  if (prepared !== undefined)
    await rm(await prepared, { recursive: true, force: true });
});

async function prepare(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "adw-prepared-"));
  await (await templateProject(root)).done("add", "greeting");
  return root;
}

/** An installed project that is new for each test of the calling file. */
export function freshProject(folder: () => string): TemplateProject {
  const project = projectAt("");
  beforeEach(async () => {
    Object.assign(project, await installedProject(folder()));
  });
  return project;
}

/** The same with the module added: added once for all tests of a file, then copied. */
export async function installedProject(root: string): Promise<TemplateProject> {
  prepared ??= prepare();
  await cp(await prepared, root, { recursive: true });
  return projectAt(root);
}
