/** The packed package, as npm would publish it: what is in it, and who can use it. */
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { pack, REPOSITORY, type PackedPackage } from "../../helpers/packed.ts";
import { run, runOrThrow } from "../../helpers/processes.ts";
import { sharedTemporaryFolder } from "../../helpers/temporary-folder.ts";

jest.setTimeout(60_000);

const folder = sharedTemporaryFolder();
const bin = (name: string) => join(REPOSITORY, "node_modules/.bin", name);
/** The package as a consumer has it. */
const installed = () => join(folder(), "consumer/node_modules/adw-scaffold");
let packed: PackedPackage;

beforeAll(async () => {
  packed = await pack(folder());
  await mkdir(installed(), { recursive: true });
  await runOrThrow(
    "tar",
    ["-xzf", packed.tarball, "-C", installed(), "--strip-components=1"],
    { cwd: folder() },
  );
});

/** Writes files into the consumer's folder and resolves with it. */
async function consumer(
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const root = join(folder(), "consumer");
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

describe("what is in it", () => {
  test("the programs, their types, the notices, and nothing of the workshop", () => {
    for (const path of [
      "package.json",
      "README.md",
      "LICENSE",
      "CHANGELOG.md",
      "dist/cli.js",
      "dist/index.js",
      "dist/index.cjs",
      "dist/types/index.d.ts",
      "dist/types-cjs/index.d.cts",
      "dist/adw.config.schema.json",
      "dist/THIRD-PARTY-NOTICES.txt",
    ]) {
      expect(packed.files).toContain(path);
    }
    const known =
      /^(dist\/.*|docs\/[\w-]+\.md|docs\/images\/[\w-]+\.(?:webp|svg)|package\.json|README\.md|LICENSE|CHANGELOG\.md|CONTRIBUTING\.md)$/;
    const unwanted = /\.map$|\.test\.|\.njk$|(?<!\.d)\.[cm]?ts$/;
    const strays = packed.files.filter(
      (path) => !known.test(path) || unwanted.test(path),
    );
    expect(strays).toEqual([]);
  });

  test("no file points to a source map", async () => {
    for (const path of packed.files.filter((name) =>
      /\.[cm]?[jt]s$/.test(name),
    )) {
      const text = await readFile(join(installed(), path), "utf8");
      expect({ path, points: text.includes("sourceMappingURL") }).toEqual({
        path,
        points: false,
      });
    }
  });

  test("it is small: npx downloads it before it can say a word", () => {
    const kilobytes = (size: number) => `${(size / 1024).toFixed(0)} KiB`;
    process.stderr.write(
      `the package: ${kilobytes(packed.size)} packed, ${kilobytes(packed.unpackedSize)} unpacked, ${packed.files.length} files\n`,
    );
    // A quarter of it are the pictures of the README.
    expect(packed.size).toBeLessThan(1.25 * 1024 * 1024);
  });

  test("the text of a template is in it once, for the command line and the API", async () => {
    const having: string[] = [];
    for (const path of packed.files.filter((name) => /\.c?js$/.test(name))) {
      const text = await readFile(join(installed(), path), "utf8");
      if (text.includes(" * adw_mask: masks secrets")) having.push(path);
    }
    expect(having).toEqual(["dist/templates/adw_mask.cjs"]);
  });

  test("installing it installs nothing else and runs nothing", async () => {
    const manifest = JSON.parse(
      await readFile(join(installed(), "package.json"), "utf8"),
    );
    for (const section of [
      "dependencies",
      "peerDependencies",
      "optionalDependencies",
      "bundleDependencies",
    ]) {
      expect(manifest).not.toHaveProperty(section);
    }
    for (const script of ["preinstall", "install", "postinstall"]) {
      expect(manifest.scripts).not.toHaveProperty(script);
    }
  });

  test("the notices name every package that is bundled, with its licence", async () => {
    const { metafile } = await build({
      entryPoints: [
        "cli",
        "index",
        "testing",
        "live-check",
        "watch/program",
      ].map((name) => `src/${name}.ts`),
      absWorkingDir: REPOSITORY,
      bundle: true,
      write: false,
      metafile: true,
      splitting: true,
      format: "esm",
      platform: "node",
      mainFields: ["module", "main"],
      outdir: "nowhere",
      logLevel: "error",
      alias: {
        yargs: "./node_modules/yargs/index.cjs",
        rendered: join(REPOSITORY, "build/watch/adws"),
      },
    });
    const packages = new Set(
      Object.keys(metafile.inputs).flatMap(
        (path) =>
          /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [],
      ),
    );
    expect(packages.size).toBeGreaterThan(5);
    const notices = await readFile(
      join(installed(), "dist/THIRD-PARTY-NOTICES.txt"),
      "utf8",
    );
    const named = notices.matchAll(/^(\S+) \d+\.\d+\.\d+\S* \(.+\)$/gm);
    expect(new Set([...named].map(([, name]) => name))).toEqual(packages);
    expect(notices).not.toContain("ships no licence file");
  });

  test("the declarations import only what is in the package", async () => {
    for (const types of ["types", "types-cjs"]) {
      const entries = await readdir(join(installed(), "dist", types), {
        recursive: true,
        withFileTypes: true,
      });
      const declarations = entries.filter((entry) => entry.isFile());
      expect(declarations.length).toBeGreaterThan(0);
      for (const { parentPath, name } of declarations) {
        const text = await readFile(join(parentPath, name), "utf8");
        const foreign = [
          ...text.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g),
          ...text.matchAll(/<reference\s+(?:types|path)="([^"]+)"/g),
        ]
          .map(([, specifier = ""]) => specifier)
          .filter((specifier) => !/^\.\.?\//.test(specifier));
        expect({ name, foreign }).toEqual({ name, foreign: [] });
      }
    }
  });

  test.each([
    ["ES modules", "esm", /^dist\/.*\.js$/],
    ["CommonJS modules", "cjs", /^dist\/.*\.cjs$/],
  ] as const)(
    "the %s import only Node's own modules and each other",
    async (_, format, pattern) => {
      const entries = packed.files.filter((path) => pattern.test(path));
      expect(entries.length).toBeGreaterThan(0);
      const { metafile } = await build({
        entryPoints: entries.map((entry) => join(installed(), entry)),
        bundle: true,
        write: false,
        metafile: true,
        splitting: format === "esm",
        format,
        platform: "node",
        packages: "external",
        outdir: "nowhere",
        logLevel: "error",
      });
      const own = new Set(builtinModules);
      const foreign = Object.values(metafile.inputs)
        .flatMap(({ imports }) => imports)
        .filter(({ external }) => external === true)
        .map(({ path }) => path)
        .filter((name) => !name.startsWith("node:") && !own.has(name))
        // Nunjucks asks for it only when told to watch templates, and we do not.
        .filter((name) => name !== "chokidar")
        // esbuild's own helpers for the CommonJS modules behind them.
        .filter((name) => name !== "<runtime>");
      expect(foreign).toEqual([]);
    },
  );
});

describe("the checkers of the trade", () => {
  test("publint, strict", async () => {
    const { code, stdout } = await run(
      bin("publint"),
      ["--strict", packed.tarball],
      { cwd: folder() },
    );
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining("All good!"),
    });
  });

  test("attw: every entry resolves for every kind of resolution", async () => {
    const { code, stdout } = await run(
      bin("attw"),
      ["--profile", "strict", "--format", "json", packed.tarball],
      { cwd: folder() },
    );
    const { problems, analysis } = JSON.parse(stdout);
    expect({ code, problems }).toEqual({ code: 0, problems: {} });
    expect(Object.keys(analysis.entrypoints)).toContain(".");
  });
});

const NAMES =
  "renderModule, listModules, defineConfig, loadConfig, planScaffold, applyScaffold";

const EXERCISE = `
const { files } = await renderModule("adw_websockets", { websocket_port: 9001 });
const root = process.argv[2];
const plan = await planScaffold({
  root, modules: ["adw_websockets"], settings: { websocket_port: 9002 },
});
await applyScaffold(plan);
console.log(JSON.stringify({
  path: files[0].path,
  port: /DEFAULT_PORT = \\d+/.exec(files[0].content)[0],
  modules: listModules().map(({ name }) => name),
  defined: defineConfig({ websocket_port: 9003 }).websocket_port,
  loaded: (await loadConfig(root)).websocket_port,
}));
`;

const EXERCISED = {
  path: "adws/adw_modules/adw_websockets.ts",
  port: "DEFAULT_PORT = 9001",
  modules: expect.arrayContaining(["adw_websockets", "adw_server"]),
  defined: 9003,
  loaded: 9002,
};

/** Uses every export with its types; no @types/node, nothing but the package. */
const TYPED = `
import { ${NAMES}, AdwError, UsageError } from "adw-scaffold";
import type {
  AdwConfig, AdwConfigInput, RenderedModule, ScaffoldPlan,
} from "adw-scaffold";

export async function use(root: string): Promise<string[]> {
  const input: AdwConfigInput = {
    websocket_port: 9001, allowed_origins: ["https://a.example"],
  };
  const config: AdwConfig = defineConfig(input);
  const loaded: AdwConfig = await loadConfig(root);
  const rendered: RenderedModule = await renderModule("adw_websockets", config);
  const plan: ScaffoldPlan = await planScaffold({ root, settings: loaded });
  await applyScaffold(plan);
  const error: AdwError = new UsageError("x");
  return [
    error.message,
    ...rendered.files.map(({ path }) => path),
    ...listModules().map(({ name }) => name),
  ];
}

// @ts-expect-error: a port is a number
defineConfig({ websocket_port: "9001" });
// @ts-expect-error: no such key
defineConfig({ websocket_prot: 9001 });
`;

describe("programs that use it", () => {
  test.each([
    [
      "an ES module",
      "use.mjs",
      `import { ${NAMES} } from "adw-scaffold";\n${EXERCISE}`,
    ],
    [
      "a CommonJS module",
      "use.cjs",
      `const { ${NAMES} } = require("adw-scaffold");\n(async () => {${EXERCISE}})();`,
    ],
  ])("%s renders, plans, applies and reads", async (_, file, text) => {
    const root = await consumer({ [file]: text });
    const { stdout } = await runOrThrow(
      process.execPath,
      [file, join(folder(), `project-${file}`)],
      { cwd: root },
    );
    expect(JSON.parse(stdout)).toEqual(EXERCISED);
  });

  test("Jest, which runs code where it cannot import, as here", async () => {
    const api: typeof import("../../../src/index.ts") = await import(
      join(installed(), "dist/index.cjs")
    );
    const { files } = await api.renderModule("adw_mask");
    expect(files[0]?.content).toContain(" * adw_mask: masks secrets");
  });

  test("an error that it throws is known by its class", async () => {
    const check =
      "renderModule('adw_websockts').catch((error) => console.log(error instanceof UsageError, error.code, error.hint))";
    const root = await consumer({
      "error.mjs": `import { renderModule, UsageError } from "adw-scaffold"; ${check}`,
      "error.cjs": `const { renderModule, UsageError } = require("adw-scaffold"); ${check}`,
    });
    for (const file of ["error.mjs", "error.cjs"]) {
      const { stdout } = await runOrThrow(process.execPath, [file], {
        cwd: root,
      });
      expect(stdout).toBe('true USAGE Did you mean "adw_websockets"?\n');
    }
  });

  test("the JSON Schema of the configuration can be required", async () => {
    const root = await consumer({
      "schema.cjs":
        'console.log(require("adw-scaffold/dist/adw.config.schema.json").title)',
    });
    const { stdout } = await runOrThrow(process.execPath, ["schema.cjs"], {
      cwd: root,
    });
    expect(stdout).toBe("AdwConfig\n");
  });

  test.each([
    ["nodenext, from an ES module", "use.mts", "nodenext", "nodenext"],
    ["nodenext, from CommonJS", "use.cts", "nodenext", "nodenext"],
    ["a bundler's resolution", "use.ts", "esnext", "bundler"],
  ])(
    "TypeScript type-checks it under %s, libraries included",
    async (_, file, module, moduleResolution) => {
      const tsconfig = `tsconfig.${file}.json`;
      const root = await consumer({
        [file]: TYPED,
        [tsconfig]: JSON.stringify({
          compilerOptions: {
            target: "es2022",
            lib: ["es2022"],
            module,
            moduleResolution,
            types: [],
            strict: true,
            exactOptionalPropertyTypes: true,
            skipLibCheck: false,
            noEmit: true,
          },
          files: [file],
        }),
      });
      const { code, stdout } = await run(bin("tsc"), ["-p", tsconfig], {
        cwd: root,
      });
      expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    },
  );
});
