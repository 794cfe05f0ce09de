/** The oldest zod and ws that are said to serve, installed for real, do serve. */
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY } from "../../helpers/packed.ts";
import { runOrThrow } from "../../helpers/processes.ts";
import {
  GOOD_DATABASE,
  probeDatabase,
  probeStream,
} from "../../helpers/streaming-project.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { projectAt } from "../../helpers/template-project.ts";

jest.setTimeout(300_000);

const folder = temporaryFolder();

test("zod 3.25 and ws 8.0 in the host: the rendered code runs and type-checks with them", async () => {
  const project = projectAt(folder());
  await project.write(
    "package.json",
    '{ "name": "host", "dependencies": { "ws": "8.0.0", "zod": "^3.25.0" } }\n',
  );
  await runOrThrow("npm", ["install", "--no-audit", "--no-fund"], {
    cwd: folder(),
    timeoutMs: 120_000,
  });
  await project.done(
    "init",
    "--yes",
    "--modules",
    "adw_logging,adw_websockets,adw_websocket_client",
    "--typescript-runner",
    "tsx",
    "--sqlite-driver",
    "better-sqlite3",
  );
  for (const name of ["tsx", "better-sqlite3", "bindings", "@types"]) {
    await symlink(
      join(REPOSITORY, "node_modules", name),
      join(folder(), "node_modules", name),
    );
  }
  await runOrThrow(
    process.execPath,
    [
      join(REPOSITORY, "node_modules/typescript/bin/tsc"),
      "--noEmit",
      "-p",
      "adws",
    ],
    { cwd: folder(), timeoutMs: 120_000 },
  );
  const runner = {
    root: folder(),
    runner: [process.execPath, "--import", "tsx"],
  };
  expect(await probeDatabase(runner, REPOSITORY)).toMatchObject(GOOD_DATABASE);
  expect(await probeStream(runner, REPOSITORY)).toMatchObject({
    greeting: "connection_established",
    closeCode: 1001,
  });
});
