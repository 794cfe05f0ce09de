/** Projects as the field's own generators write them, each with its own build, type check and lint. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { runOrThrow } from "../../helpers/processes.ts";
import { LINTERS, type Packages } from "./packages.ts";

/** A project that adw-scaffold has never seen. */
export interface Host {
  name: string;
  /** Writes the project into a folder that does not exist yet. */
  make: (folder: string) => Promise<void>;
  /** Its own checks, as its owner types them; programs are those of its packages. */
  checks: readonly (readonly string[])[];
  /** Packages that its manifest names besides those of the generator. */
  devDependencies?: Packages;
  dependencies?: Packages;
  /** Where these are all that it needs: they are installed once for such projects. */
  shared?: Packages;
  /** Settings for `init`, as flags. */
  settings?: readonly string[];
  /** The major version of Node that all runs on; default: the one at hand. */
  node?: string;
  /** Its server is installed and started. */
  serves?: boolean;
  /** Its versions of what the modules need are too old to serve. */
  refuses?: boolean;
  /** Run by Yarn, which keeps packages in archives. */
  plugAndPlay?: boolean;
}

const TSC = ["tsc"] as const;
const CODE = "export const answer = (): number => 42;\n";

/** Runs a generator of the field from npm; it installs nothing by itself. */
const generated =
  (command: string, parameters: (name: string) => readonly string[]) =>
  async (folder: string) => {
    const name = basename(folder);
    await runOrThrow("npx", ["--yes", command, ...parameters(name)], {
      cwd: dirname(folder),
      env: {
        CI: "1",
        NEXT_TELEMETRY_DISABLED: "1",
        npm_config_prefer_offline: "true",
      },
    });
  };

/** A small project written by hand. */
const written =
  (files: Readonly<Record<string, string>>) => async (folder: string) => {
    for (const [path, text] of Object.entries({
      "src/index.ts": CODE,
      "package.json":
        '{\n  "name": "host",\n  "private": true,\n  "type": "module"\n}\n',
      ".gitignore": "node_modules\ndist\n",
      ...files,
    })) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  };

/** create-next-app, without the font that its page would download while it is built. */
const nextApp = (linter: string) => async (folder: string) => {
  await generated("create-next-app@16", (name) => [
    name,
    "--ts",
    `--${linter}`,
    "--app",
    "--no-tailwind",
    "--no-src-dir",
    "--use-npm",
    "--skip-install",
    "--disable-git",
    "--yes",
  ])(folder);
  const layout = join(folder, "app/layout.tsx");
  const text = await readFile(layout, "utf8");
  await writeFile(
    layout,
    text
      .replace(/import \{ Geist.*\n/, "")
      .replaceAll(/const geist\w+ = [^;]+;\n+/g, "")
      .replace(/ className=\{`[^`]*`\}/, ""),
  );
};

const TSCONFIG = `{
  // Everything, compiled with declarations.
  "compilerOptions": {
    "target": "es2022",
    "lib": ["es2022"],
    "module": "nodenext",
    "strict": true,
    "skipLibCheck": true,
    "declaration": true,
    "outDir": "dist"
  }
}
`;

const eslintConfig = (...configs: string[]) => `import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/", "eslint.config.mjs"] },
  js.configs.recommended,
${configs.map((name) => `  tseslint.configs.${name},\n`).join("")}  {
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
      },
    },
  },
);
`;

/** What a manifest names of the linters that are installed together. */
const named = (
  ...names: string[]
): Pick<Host, "devDependencies" | "shared"> => ({
  devDependencies: Object.fromEntries(
    ["typescript", ...names].map((name) => [name, LINTERS[name] ?? ""]),
  ),
  shared: LINTERS,
});

const ESLINT = named("eslint", "@eslint/js", "typescript-eslint");

export const HOSTS: readonly Host[] = [
  {
    name: "create-next-app with ESLint",
    make: nextApp("eslint"),
    checks: [
      ["npm", "run", "build"],
      ["npm", "run", "lint"],
      [...TSC, "--noEmit"],
    ],
  },
  {
    name: "create-next-app with Biome",
    make: nextApp("biome"),
    checks: [
      ["npm", "run", "lint"],
      ["next", "typegen"],
      [...TSC, "--noEmit"],
    ],
  },
  {
    name: "create-vite react-ts",
    make: generated("create-vite@9", (name) => [
      name,
      "--template",
      "react-ts",
    ]),
    checks: [
      ["npm", "run", "build"],
      ["npm", "run", "lint"],
    ],
  },
  {
    name: "nest",
    make: generated("@nestjs/cli@11", (name) => [
      "new",
      name,
      "--skip-git",
      "--skip-install",
      "--package-manager",
      "npm",
    ]),
    checks: [
      ["npm", "run", "build"],
      ["npm", "run", "lint"],
      ["eslint", "."],
      [...TSC],
      [...TSC, "-p", "tsconfig.build.json"],
    ],
  },
  {
    name: "ESLint recommended, for JavaScript only",
    make: written({
      "tsconfig.json": TSCONFIG,
      "eslint.config.js":
        'import js from "@eslint/js";\n\nexport default [js.configs.recommended];\n',
    }),
    ...ESLINT,
    checks: [["eslint", ".", "--max-warnings", "0"], TSC],
  },
  ...["recommendedTypeChecked", "strictTypeChecked"].map((rules) => ({
    name: `typescript-eslint ${rules}`,
    make: written({
      "tsconfig.json": TSCONFIG,
      "eslint.config.mjs": eslintConfig(rules, "stylisticTypeChecked"),
    }),
    ...ESLINT,
    checks: [["eslint", ".", "--max-warnings", "0"], TSC],
  })),
  {
    name: "Biome, linter and formatter",
    make: written({
      "package.json":
        '{\n\t"name": "host",\n\t"private": true,\n\t"type": "module"\n}\n',
      "tsconfig.json":
        '{\n\t"compilerOptions": { "skipLibCheck": true, "strict": true, "outDir": "dist" }\n}\n',
      "biome.json": '{\n\t"files": { "includes": ["**", "!dist"] }\n}\n',
    }),
    ...named("@biomejs/biome"),
    checks: [["biome", "check", "."], TSC],
  },
  {
    name: "oxlint",
    make: written({
      "tsconfig.json": TSCONFIG,
      ".oxlintrc.json":
        '{\n  "plugins": ["typescript", "unicorn", "oxc"],\n  "categories": { "correctness": "error", "suspicious": "error" }\n}\n',
    }),
    ...named("oxlint"),
    checks: [["oxlint", "--deny-warnings"], TSC],
  },
  {
    name: "prettier over everything",
    make: written({
      ".prettierrc": '{ "singleQuote": true, "printWidth": 100 }\n',
      ".prettierignore": "package-lock.json\n",
      "src/index.ts": CODE,
      "tsconfig.json": TSCONFIG,
    }),
    ...named("prettier"),
    checks: [["prettier", "--check", "."], TSC],
  },
  ...[
    { name: "zod 3", dependencies: { zod: "3.23.8" } },
    { name: "ws 7", dependencies: { ws: "7.5.10" } },
  ].map((host) => ({
    ...host,
    make: written({ "tsconfig.json": TSCONFIG }),
    checks: [],
    refuses: true,
  })),
  ...[
    { name: "zod 3.25 and better-sqlite3", settings: ["better-sqlite3"] },
    {
      name: "zod 3.25 and Node 22's own SQLite",
      settings: ["node:sqlite"],
      node: "22",
    },
  ].map(({ settings, ...host }) => ({
    ...host,
    settings: ["--sqlite-driver", ...settings],
    make: written({ "tsconfig.json": TSCONFIG }),
    dependencies: { zod: "3.25.76" },
    devDependencies: { typescript: "~5.9.0" },
    checks: [TSC],
    serves: true,
  })),
  {
    name: "Yarn Plug'n'Play",
    make: written({ "tsconfig.json": TSCONFIG, "yarn.lock": "" }),
    devDependencies: { typescript: "~5.9.0" },
    checks: [["yarn", "tsc"]],
    serves: true,
    plugAndPlay: true,
  },
];
