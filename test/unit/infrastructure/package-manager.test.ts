import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  detectPackageManager,
  missingPackages,
  unapprovedBuilds,
} from "../../../src/infrastructure/package-manager.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const folder = temporaryFolder();

test.each([
  ["package-lock.json", "npm"],
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
])("%s means %s, and that is the reason given", async (lockfile, name) => {
  await writeFile(join(folder(), "package.json"), "{}");
  await writeFile(join(folder(), lockfile), "");
  expect(await detectPackageManager(folder())).toEqual({
    name,
    reason: `${lockfile} is here`,
  });
});

test("the packageManager field outranks a lockfile", async () => {
  await writeFile(
    join(folder(), "package.json"),
    JSON.stringify({ packageManager: "pnpm@10.0.0" }),
  );
  await writeFile(join(folder(), "package-lock.json"), "");
  expect(await detectPackageManager(folder())).toEqual({
    name: "pnpm",
    reason: "packageManager in package.json",
  });
});

test("a workspace package is installed by its root's package manager", async () => {
  await writeFile(join(folder(), "yarn.lock"), "");
  await mkdir(join(folder(), "packages/a"), { recursive: true });
  await writeFile(join(folder(), "packages/a/package.json"), "{}");
  const found = await detectPackageManager(join(folder(), "packages/a"));
  expect(found.name).toBe("yarn");
  expect(found.reason).toMatch(/yarn\.lock is above$/);
});

test("the project's own lockfile outranks the packageManager of a folder above", async () => {
  const root = join(folder(), "packages/a");
  await mkdir(root, { recursive: true });
  await writeFile(
    join(folder(), "package.json"),
    JSON.stringify({ packageManager: "yarn@4.0.0" }),
  );
  await writeFile(join(root, "pnpm-lock.yaml"), "");
  expect(await detectPackageManager(root)).toEqual({
    name: "pnpm",
    reason: "pnpm-lock.yaml is here",
  });
});

test.each(["yarn.lock", "package.json"])(
  "the search does not climb out of the git root to a stray %s",
  async (stray) => {
    const root = join(folder(), "repository/packages/a");
    await mkdir(root, { recursive: true });
    await mkdir(join(folder(), "repository/.git"));
    await writeFile(
      join(folder(), stray),
      JSON.stringify({ packageManager: "yarn@4.0.0" }),
    );
    expect((await detectPackageManager(root)).name).toBe("npm");
    await writeFile(join(folder(), "repository/pnpm-lock.yaml"), "");
    const found = await detectPackageManager(root);
    expect(found.name).toBe("pnpm");
    expect(found.reason).toMatch(/repository\/pnpm-lock\.yaml is above$/);
  },
);

test("a lockfile of a package manager that cannot be used does not hide the one beside it", async () => {
  await writeFile(join(folder(), "deno.lock"), "{}");
  await writeFile(join(folder(), "pnpm-lock.yaml"), "");
  expect((await detectPackageManager(folder())).name).toBe("pnpm");
});

test("devEngines names it too", async () => {
  await writeFile(
    join(folder(), "package.json"),
    JSON.stringify({ devEngines: { packageManager: { name: "bun" } } }),
  );
  expect(await detectPackageManager(folder())).toEqual({
    name: "bun",
    reason: "devEngines in package.json",
  });
});

test("a package.json that cannot be read, or names an unknown one, says nothing", async () => {
  await writeFile(join(folder(), "pnpm-lock.yaml"), "");
  for (const manifest of ["{", "null", '{"packageManager":"other@1.0.0"}']) {
    await writeFile(join(folder(), "package.json"), manifest);
    expect((await detectPackageManager(folder())).name).toBe("pnpm");
  }
});

test("without a lockfile, what an install left behind tells", async () => {
  await mkdir(join(folder(), "node_modules/.pnpm"), { recursive: true });
  expect(await detectPackageManager(folder())).toEqual({
    name: "pnpm",
    reason: "what is in node_modules",
  });
});

test("without any sign it is npm", async () => {
  const agent = process.env["npm_config_user_agent"];
  delete process.env["npm_config_user_agent"];
  try {
    expect(await detectPackageManager(folder())).toEqual({
      name: "npm",
      reason: "no sign of another package manager",
    });
  } finally {
    if (agent !== undefined) process.env["npm_config_user_agent"] = agent;
  }
});

test.each([
  ["node_modules/.package-lock.json", "npm"],
  ["node_modules/.pnpm", "pnpm"],
  ["node_modules/.yarn-integrity", "yarn"],
  ["node_modules/.yarn-state.yml", "yarn"],
  [".pnp.cjs", "yarn"],
])("where lockfiles are not kept, %s means %s", async (trace, name) => {
  await mkdir(join(folder(), "node_modules"));
  if (trace.endsWith(".pnpm")) await mkdir(join(folder(), trace));
  else await writeFile(join(folder(), trace), "");
  expect(await detectPackageManager(folder())).toEqual({
    name,
    reason: "what is in node_modules",
  });
});

test("a package is looked for from the project upwards, and not under Plug'n'Play", async () => {
  const root = join(folder(), "packages/a");
  await mkdir(join(root, "node_modules/ws"), { recursive: true });
  await mkdir(join(folder(), "node_modules/@types/node"), { recursive: true });
  const names = ["ws", "@types/node", "zod"];
  expect(missingPackages(root, names)).toEqual(["zod"]);
  await writeFile(join(folder(), ".pnp.cjs"), "");
  expect(missingPackages(root, names)).toEqual([]);
});

test("what pnpm has not built is read from its record, wherever in a workspace it lies", async () => {
  const root = join(folder(), "packages/a");
  await mkdir(join(folder(), "node_modules"), { recursive: true });
  await mkdir(root, { recursive: true });
  const names = ["better-sqlite3", "ws"];
  expect(unapprovedBuilds(root, names)).toEqual([]);
  await writeFile(
    join(folder(), "node_modules/.modules.yaml"),
    JSON.stringify({ ignoredBuilds: ["better-sqlite3@12.11.1", "esbuild@1"] }),
  );
  expect(unapprovedBuilds(root, names)).toEqual(["better-sqlite3"]);
  await writeFile(
    join(folder(), "node_modules/.modules.yaml"),
    "layoutVersion: 5\n",
  );
  expect(unapprovedBuilds(root, names)).toEqual([]);
});
