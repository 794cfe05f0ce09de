/** The rendered TypeScript passes the strictest rules by itself, whatever a host leaves out. */
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCli } from "../../helpers/cli.ts";
import { run } from "../../helpers/processes.ts";
import { sharedTemporaryFolder } from "../../helpers/temporary-folder.ts";
import { describeWithRegistry, LINTERS, share } from "./packages.ts";

jest.setTimeout(900_000);

const MANIFEST = '{ "name": "host", "private": true, "type": "module" }\n';
/** Each renders other code. */
const DRIVERS = ["better-sqlite3", "node:sqlite"];
/** The types that the rendered code is checked with. */
const TYPES = {
  "@types/better-sqlite3": "^9.6.0",
  "@types/node": "^22.13.0",
  "@types/send": "^1.2.0",
  "@types/ws": "^8.18.0",
  protobufjs: "^8.8.0",
  ws: "^8.21.0",
  zod: "^4.0.0",
};
const ESLINT_CONFIG = `import js from "@eslint/js";
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
`;

const folder = sharedTemporaryFolder();
const linted = () => join(folder(), "linted");

describeWithRegistry()("the strictest rules", () => {
  beforeAll(async () => {
    await mkdir(linted());
    for (const [index, driver] of DRIVERS.entries()) {
      const root = join(folder(), `host-${index}`);
      await mkdir(root);
      await writeFile(join(root, "package.json"), MANIFEST);
      const { code, stderr } = await runCli(
        ["init", "--yes", "--no-install", "--sqlite-driver", driver],
        root,
      );
      if (code !== 0) throw new Error(stderr);
      const client = ["add", "adw_websocket_client", "--yes", "--no-install"];
      const added = await runCli(client, root);
      if (added.code !== 0) throw new Error(added.stderr);
      // TypeScript alone: the page is generated.
      await cp(join(root, "adws"), join(linted(), "code", `adws-${index}`), {
        recursive: true,
        filter: (path) => !path.includes("adws/adw_dashboard/"),
      });
    }
    await writeFile(join(linted(), "package.json"), MANIFEST);
    await writeFile(join(linted(), "eslint.config.mjs"), ESLINT_CONFIG);
    await share({ ...LINTERS, ...TYPES }, linted());
  });

  test.each([
    ["eslint", "--max-warnings", "0", "code/**/*.ts"],
    ["oxlint", "--deny-warnings", "code"],
    ["biome", "lint", "--diagnostic-level=warn", "code"],
  ])("%s finds nothing", async (linter, ...parameters) => {
    const command = join(linted(), "node_modules/.bin", linter);
    const { code, stdout } = await run(command, parameters, {
      cwd: linted(),
      timeoutMs: 600_000,
    });
    expect({ code, stdout: code === 0 ? "" : stdout }).toEqual({
      code: 0,
      stdout: "",
    });
  });
});
