/** Projects as the field's own generators write them, each with its own build, type check and lint. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runOrThrow } from "../../helpers/processes.ts";

/** A project that adw-scaffold has never seen. */
export interface Host {
  name: string;
  /** Writes the project into a folder that does not exist yet. */
  make: (folder: string) => Promise<void>;
  /** Its own checks, as its owner types them. */
  checks: readonly (readonly string[])[];
  /** Packages that its manifest names besides those of the generator. */
  devDependencies?: Readonly<Record<string, string>>;
  dependencies?: Readonly<Record<string, string>>;
  /** Its versions of what the modules need may be too old to serve. */
  mayRefuse?: boolean;
  /** Run by Yarn, which keeps packages in archives. */
  plugAndPlay?: boolean;
}

const TSC = ["npx", "tsc"] as const;
const CODE = "export const answer = (): number => 42;\n";

/** Runs a generator of the field from npm; it installs nothing by itself. */
const generated =
  (command: string, ...flags: string[]) =>
  async (folder: string) => {
    await runOrThrow("npx", ["--yes", command, ...flags], {
      cwd: dirname(folder),
      env: { CI: "1", NEXT_TELEMETRY_DISABLED: "1" },
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
  await generated(
    "create-next-app@16",
    "next-app",
    "--ts",
    `--${linter}`,
    "--app",
    "--no-tailwind",
    "--no-src-dir",
    "--use-npm",
    "--skip-install",
    "--disable-git",
    "--yes",
  )(join(dirname(folder), "next-app"));
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
    "module": "nodenext",
    "strict": true,
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

const ESLINT = {
  "@eslint/js": "^9.0.0",
  eslint: "^9.0.0",
  typescript: "~5.9.0",
  "typescript-eslint": "^8.40.0",
};

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
      [...TSC, "--noEmit"],
    ],
  },
  {
    name: "create-vite react-ts",
    make: generated("create-vite@9", "vite-app", "--template", "react-ts"),
    checks: [
      ["npm", "run", "build"],
      ["npm", "run", "lint"],
    ],
  },
  {
    name: "nest",
    make: generated(
      "@nestjs/cli@11",
      "new",
      "nest-app",
      "--skip-git",
      "--skip-install",
      "--package-manager",
      "npm",
    ),
    checks: [
      ["npm", "run", "build"],
      ["npm", "run", "lint"],
      ["npx", "eslint", "."],
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
    devDependencies: ESLINT,
    checks: [["npx", "eslint", ".", "--max-warnings", "0"], TSC],
  },
  ...["recommendedTypeChecked", "strictTypeChecked"].map((rules) => ({
    name: `typescript-eslint ${rules}`,
    make: written({
      "tsconfig.json": TSCONFIG,
      "eslint.config.mjs": eslintConfig(rules, "stylisticTypeChecked"),
    }),
    devDependencies: ESLINT,
    checks: [["npx", "eslint", ".", "--max-warnings", "0"], TSC],
  })),
  {
    name: "Biome, linter and formatter",
    make: written({
      "package.json":
        '{\n\t"name": "host",\n\t"private": true,\n\t"type": "module"\n}\n',
      "tsconfig.json":
        '{\n\t"compilerOptions": { "strict": true, "outDir": "dist" }\n}\n',
      "biome.json": '{\n\t"files": { "includes": ["**", "!dist"] }\n}\n',
    }),
    devDependencies: { "@biomejs/biome": "^2.4.0", typescript: "~5.9.0" },
    checks: [["npx", "biome", "check", "."], TSC],
  },
  {
    name: "oxlint",
    make: written({
      "tsconfig.json": TSCONFIG,
      ".oxlintrc.json":
        '{\n  "plugins": ["typescript", "unicorn", "oxc"],\n  "categories": { "correctness": "error", "suspicious": "error" }\n}\n',
    }),
    devDependencies: { oxlint: "^1.90.0", typescript: "~5.9.0" },
    checks: [["npx", "oxlint", "--deny-warnings"], TSC],
  },
  {
    name: "prettier over everything",
    make: written({
      ".prettierrc": '{ "singleQuote": true, "printWidth": 100 }\n',
      ".prettierignore": "package-lock.json\n",
      "src/index.ts": CODE,
      "tsconfig.json": TSCONFIG,
    }),
    devDependencies: { prettier: "^3.6.0", typescript: "~5.9.0" },
    checks: [["npx", "prettier", "--check", "."], TSC],
  },
  {
    name: "zod 3",
    make: written({ "tsconfig.json": TSCONFIG }),
    dependencies: { zod: "3.23.8" },
    devDependencies: { typescript: "~5.9.0" },
    checks: [TSC],
    mayRefuse: true,
  },
  {
    name: "ws 7",
    make: written({ "tsconfig.json": TSCONFIG }),
    dependencies: { ws: "7.5.10" },
    devDependencies: { typescript: "~5.9.0" },
    checks: [TSC],
    mayRefuse: true,
  },
  {
    name: "Yarn Plug'n'Play",
    make: written({ "tsconfig.json": TSCONFIG, "yarn.lock": "" }),
    devDependencies: { typescript: "~5.9.0" },
    checks: [["yarn", "tsc"]],
    plugAndPlay: true,
  },
];
