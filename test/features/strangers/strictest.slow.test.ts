/** The rendered TypeScript passes the strictest rules by itself, whatever a host leaves out. */
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCli } from "../../helpers/cli.ts";
import { run, runOrThrow } from "../../helpers/processes.ts";
import { sharedTemporaryFolder } from "../../helpers/temporary-folder.ts";

jest.setTimeout(600_000);

const folder = sharedTemporaryFolder();

beforeAll(async () => {
  await writeFile(
    join(folder(), "package.json"),
    '{ "name": "host", "private": true, "type": "module" }\n',
  );
  const { code, stderr } = await runCli(
    ["init", "--yes", "--no-install"],
    folder(),
  );
  if (code !== 0) throw new Error(stderr);
  await runOrThrow(
    "npm",
    [
      "install",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "eslint@9",
      "@eslint/js@9",
      "typescript-eslint@8",
      "typescript@5.9",
      "@biomejs/biome@2",
      "oxlint@1",
    ],
    { cwd: folder() },
  );
  await writeFile(
    join(folder(), "eslint.config.mjs"),
    `import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config({
  files: ["**/*.ts"],
  extends: [
    js.configs.recommended,
    tseslint.configs.strictTypeChecked,
    tseslint.configs.stylisticTypeChecked,
  ],
  languageOptions: {
    parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
  },
});
`,
  );
  // Without the page, which is generated.
  await cp(join(folder(), "adws"), join(folder(), "code/adws"), {
    recursive: true,
    filter: (path) => !path.includes("adw_dashboard/"),
  });
});

test.each([
  ["eslint", "--max-warnings", "0", "code/**/*.ts"],
  ["oxlint", "--deny-warnings", "code"],
  ["biome", "lint", "--diagnostic-level=warn", "code"],
])("%s finds nothing", async (...command) => {
  const { code, stdout } = await run("npx", command, { cwd: folder() });
  expect({ code, stdout: code === 0 ? "" : stdout }).toEqual({
    code: 0,
    stdout: "",
  });
});
