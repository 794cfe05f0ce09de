/** Secrets and data are ignored by git wherever they lie, as long as they exist; what stays is named. */
import { execFileSync } from "node:child_process";
import { access, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runCli } from "../../helpers/cli.ts";
import { hashFolder, temporaryFolder } from "../../helpers/temporary-folder.ts";

jest.setTimeout(60_000);

const folder = temporaryFolder();

function git(...parameters: string[]): string {
  return execFileSync("git", parameters, { cwd: folder(), encoding: "utf8" });
}

/** What `git add -A` would take of these files. */
function taken(paths: readonly string[]): string[] {
  git("add", "-A");
  const staged = git("ls-files").split("\n");
  return paths.filter((path) =>
    staged.some((file) => file === path || file.startsWith(`${path}/`)),
  );
}

async function write(path: string, text = "secret\n"): Promise<void> {
  await mkdir(dirname(join(folder(), path)), { recursive: true });
  await writeFile(join(folder(), path), text);
}

async function run(...parameters: string[]) {
  const result = await runCli([...parameters, "--no-install"], folder());
  expect(result).toMatchObject({ code: 0 });
  return result;
}

const init = (...parameters: string[]) =>
  run("init", "--yes", "--modules", "adw_logging", ...parameters);

const config = async () =>
  JSON.parse(await readFile(join(folder(), "adw.config.json"), "utf8"));

/** Tokens, a spool folder and a database, as a server leaves them in `adws_dir`. */
async function secretsIn(dir: string): Promise<string[]> {
  const paths = [
    `${dir}/.adw_token`,
    `${dir}/.adw_ingest_token`,
    `${dir}/.adw_spool/new/1.json`,
    ...databaseAt(`${dir}/schema/orchestrator.db`),
  ];
  for (const path of paths) await write(path);
  return paths;
}

function databaseAt(path: string): string[] {
  return ["", "-wal", "-shm", ".backup-20261125"].map((end) => `${path}${end}`);
}

const exists = (path: string) =>
  access(join(folder(), path)).then(
    () => true,
    () => false,
  );

beforeEach(async () => {
  git("init", "--quiet");
  await write(
    "package.json",
    `${JSON.stringify({ name: "host", version: "1.0.0" }, null, 2)}\n`,
  );
});

test("with another adws_dir from the start, the database follows it, and all of it is ignored", async () => {
  await init("--adws-dir", "tools/adws");
  expect(await config()).not.toHaveProperty("database_path");
  const rendered = await readFile(
    join(folder(), "tools/adws/adw_modules/adw_database.ts"),
    "utf8",
  );
  expect(rendered).toContain(
    'DATABASE_PATH = "tools/adws/schema/orchestrator.db"',
  );
  const secrets = await secretsIn("tools/adws");
  expect(taken(secrets)).toEqual([]);
});

test("init --adws-dir tools/adws leaves what is secret in adws/ ignored, and names it", async () => {
  await init();
  const secrets = await secretsIn("adws");
  await write("adws/my_workflow.ts", "export {};\n");
  const { stderr, stdout } = await init("--adws-dir", "tools/adws");
  expect(await config()).not.toHaveProperty("database_path");
  expect(taken([...secrets, ...(await secretsIn("tools/adws"))])).toEqual([]);
  for (const path of [
    "adws/.adw_token",
    "adws/.adw_ingest_token",
    "adws/.adw_spool",
    "adws/schema/orchestrator.db",
  ])
    expect(stderr).toContain(path);
  expect(stderr).toContain("move them to the same places in tools/adws/");
  expect(stderr).toContain("adws/my_workflow.ts");
  expect(stdout).toContain("keep      adws/.gitignore");
  expect((await runCli(["check"], folder())).code).toBe(0);
  // Another move, and back again.
  const third = await init("--adws-dir", "ops");
  expect(third.stderr).toContain("tools/adws/.adw_token");
  await init("--adws-dir", "adws");
  const all = ["adws", "tools/adws"].flatMap((dir) =>
    [".adw_token", ".adw_ingest_token", "schema/orchestrator.db"].map(
      (name) => `${dir}/${name}`,
    ),
  );
  expect(taken(all)).toEqual([]);
});

test("init --adws-dir where adws/.gitignore was deleted: the secrets that stay are ignored all the same", async () => {
  await init();
  const secrets = await secretsIn("adws");
  await rm(join(folder(), "adws/.gitignore"));
  const { stderr } = await init("--adws-dir", "tools/adws");
  expect(stderr).toContain("stay in adws/, ignored by git.");
  expect(taken(secrets)).toEqual([]);
  await run("update");
  expect(taken(secrets)).toEqual([]);
});

test("an adws/.gitignore of the owner's, kept by init: what is secret is ignored all the same", async () => {
  await write("adws/.gitignore", "*.tmp\n");
  await init("--keep");
  const secrets = await secretsIn("adws");
  expect(taken(secrets)).toEqual([]);
  expect(await readFile(join(folder(), "adws/.gitignore"), "utf8")).toBe(
    "*.tmp\n",
  );
  await run("update");
  expect(taken(secrets)).toEqual([]);
  await run("remove", "adw_logging");
  expect(taken(secrets)).toEqual([]);
});

test("an adws/.gitignore that its owner deleted or cut down: update sees to it that what is secret is ignored", async () => {
  await init();
  const secrets = await secretsIn("adws");
  await write("adws/.gitignore", ".adw_token*\n");
  await run("update");
  expect(taken(secrets)).toEqual([]);
  await rm(join(folder(), "adws/.gitignore"));
  await run("update");
  expect(taken(secrets)).toEqual([]);
});

test("an adws/.gitignore with lines of the owner's added needs no other", async () => {
  await init();
  const text = await readFile(join(folder(), "adws/.gitignore"), "utf8");
  await write("adws/.gitignore", `${text}*.tmp\n`);
  await run("update");
  expect(await exists(".gitignore")).toBe(false);
});

test("a move leaves nothing behind where there is no secret", async () => {
  await init();
  await init("--adws-dir", "tools/adws");
  expect(await exists("adws")).toBe(false);
});

test("after a hand edit of adws_dir, update protects and names the same", async () => {
  await init();
  const secrets = await secretsIn("adws");
  await write(
    "adw.config.json",
    JSON.stringify({ ...(await config()), adws_dir: "tools/adws" }),
  );
  const { stderr } = await run("update");
  expect(stderr).toContain("adws/.adw_token");
  expect(taken(secrets)).toEqual([]);
});

test("remove of everything keeps secrets ignored, and its last word names what stays", async () => {
  await init();
  const secrets = await secretsIn("adws");
  const { stdout, stderr } = await run("remove", "adw_logging");
  expect(taken(secrets)).toEqual([]);
  expect(stderr).toContain("adws/.adw_token");
  expect(stderr).toContain("Delete adws/ when you no longer need them.");
  expect(stdout).toMatch(
    /\nRemoved \d+ files\. No module is installed any more\. What stays: .*adws\/\.adw_token/,
  );
});

test("remove of everything leaves nothing, and says so", async () => {
  const before = await hashFolder(folder());
  await init();
  const { stdout } = await run("remove", "adw_logging");
  const after = await hashFolder(folder());
  const outside = (all: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(all).filter(([path]) => !path.startsWith(".git/")),
    );
  expect(outside(after)).toEqual(outside(before));
  expect(await exists("adws")).toBe(false);
  const deletions = stdout.match(/^ {2}delete /gm)?.length ?? 0;
  expect(stdout).toContain(
    `\nRemoved ${deletions} files. Nothing of adw-scaffold is left in this project.\n`,
  );
});

test("remove of everything keeps a configuration that its owner has set, and says why", async () => {
  await init("--websocket-port", "9001");
  const { stdout, stderr } = await run("remove", "adw_logging");
  expect(await config()).toMatchObject({ modules: [], websocket_port: 9001 });
  expect(await config()).not.toHaveProperty("$schema");
  expect(stderr).toContain(
    "adw.config.json stays, for what you set in it: websocket_port.",
  );
  expect(stdout).toContain("What stays: adw.config.json.");
  expect(await exists("adw.lock.json")).toBe(false);
});

test.each([
  "data/agents.sqlite",
  "agents.db",
  "./data/my agents [1].db",
  "adws/data/agents.sqlite",
])(
  "a database_path of %s is ignored too, and the owner's .gitignore stays as it was",
  async (path) => {
    await write(".gitignore", "dist/\r\n# mine\r\n*.log");
    await init("--database-path", path);
    const files = databaseAt(path.replace(/^\.\//, ""));
    for (const file of files) await write(file);
    expect(taken(files)).toEqual([]);
    const text = await readFile(join(folder(), ".gitignore"), "utf8");
    expect(
      text.startsWith("dist/\r\n# mine\r\n*.log\r\n\r\n# adw-scaffold: "),
    ).toBe(true);
    expect(text.replaceAll("\r\n", "")).not.toContain("\n");
    // Once only.
    await run("update");
    expect(await readFile(join(folder(), ".gitignore"), "utf8")).toBe(text);
    // It is protected as long as it exists.
    await run("remove", "adw_logging");
    expect(taken(files)).toEqual([]);
  },
);

test("our lines leave .gitignore together with the module when there is no database", async () => {
  await write(".gitignore", "dist/\n");
  await init("--database-path", "data/agents.sqlite");
  await run("remove", "adw_logging");
  expect(await readFile(join(folder(), ".gitignore"), "utf8")).toBe("dist/\n");
});

test("nothing is added where git ignores the place already", async () => {
  await write(".gitignore", "data/\n");
  await init("--database-path", "data/agents.sqlite");
  expect(await readFile(join(folder(), ".gitignore"), "utf8")).toBe("data/\n");
});

test("a rule of the user's own, or of this clone alone, protects nobody else: .gitignore gets its line", async () => {
  await write("personal", "*.sqlite*\n");
  git("config", "core.excludesFile", join(folder(), "personal"));
  await write(".git/info/exclude", "*.sqlite*\n");
  await init("--database-path", "data/agents.sqlite");
  expect(await readFile(join(folder(), ".gitignore"), "utf8")).toContain(
    "/data/agents.sqlite*\n",
  );
});

test("after a change of database_path the old database stays ignored, and is named", async () => {
  await init("--database-path", "old.sqlite");
  const files = databaseAt("old.sqlite");
  for (const file of files) await write(file);
  const { stderr } = await init("--database-path", "data/new.sqlite");
  expect(stderr).toContain("old.sqlite");
  expect(stderr).toContain("the database is data/new.sqlite now");
  for (const file of databaseAt("data/new.sqlite")) await write(file);
  expect(taken([...files, ...databaseAt("data/new.sqlite")])).toEqual([]);
});

test("a database of an earlier version that did not follow adws_dir is ignored and named", async () => {
  await init(
    "--adws-dir",
    "tools/adws",
    "--database-path",
    "adws/schema/orchestrator.db",
  );
  const files = databaseAt("adws/schema/orchestrator.db");
  for (const file of files) await write(file);
  const { database_path: _, ...rest } = await config();
  await write("adw.config.json", JSON.stringify(rest));
  const { stderr } = await run("update");
  expect(stderr).toContain(
    "the database is tools/adws/schema/orchestrator.db now",
  );
  expect(taken(files)).toEqual([]);
});

test("a database outside the project is left to its owner, who is told", async () => {
  const { stderr } = await init("--database-path", "../shared/agents.db");
  expect(stderr).toContain(
    "database_path (../shared/agents.db) is outside the project",
  );
  expect(await exists(".gitignore")).toBe(false);
});
