/** What V8 compiled is kept between runs, in a folder that only its owner can write. */
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { CLI, runCli } from "../helpers/cli.ts";
import { run } from "../helpers/processes.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const folder = temporaryFolder();

async function list(cache: string): Promise<string> {
  const { code, stdout, stderr } = await runCli(["list"], cache, {
    XDG_CACHE_HOME: cache,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

const kept = (cache: string): string[] =>
  readdirSync(join(cache, "adw-scaffold")).map((name) =>
    join(cache, "adw-scaffold", name),
  );

test("the folder is the user's own, and nobody else can write to it", async () => {
  const cache = folder();
  const first = await list(cache);
  const { mode } = statSync(join(cache, "adw-scaffold"));
  expect(mode & 0o022).toBe(0);
  expect(kept(cache).length).toBeGreaterThan(0);
  expect(await list(cache)).toBe(first);
});

test.each([
  ["empty", "", true],
  ["relative", "caches", false],
])("an XDG_CACHE_HOME that is %s", async (_, XDG_CACHE_HOME, keeps) => {
  const home = folder();
  const env = { XDG_CACHE_HOME, HOME: home };
  expect((await runCli(["list"], home, env)).code).toBe(0);
  expect(existsSync(join(home, ".cache/adw-scaffold"))).toBe(keeps);
  expect(existsSync(join(home, "caches"))).toBe(false);
});

test("NODE_DISABLE_COMPILE_CACHE keeps nothing", async () => {
  const cache = folder();
  const { code } = await runCli(["list"], cache, {
    XDG_CACHE_HOME: cache,
    NODE_DISABLE_COMPILE_CACHE: "1",
  });
  expect(code).toBe(0);
  expect(existsSync(join(cache, "adw-scaffold"))).toBe(false);
});

test("each command keeps what it has run, and one that ends early keeps that apart", async () => {
  const cache = folder();
  const env = { XDG_CACHE_HOME: cache };
  const programs = () =>
    kept(cache)
      .map((path) => path.split("-").slice(-2).join("-"))
      .filter((name) => /-(?:write|read|all)\.cjs\.bin$/.test(name));
  const add = ["add", "adw_websockets", "--no-install"];
  expect((await runCli(["add", "no_such_module"], cache, env)).code).toBe(2);
  expect(existsSync(join(cache, "adw-scaffold"))).toBe(false);
  for (const words of [
    [...add, "--dry-run"],
    ["add", "--help"],
  ])
    expect((await runCli(words, cache, env)).code).toBe(0);
  expect(programs()).toEqual(["brief-write.cjs.bin"]);
  for (const words of [add, ["check"], ["--version"]])
    expect((await runCli(words, cache, env)).code).toBe(0);
  expect(programs().toSorted()).toEqual([
    "add-write.cjs.bin",
    "brief-all.cjs.bin",
    "brief-write.cjs.bin",
    "check-read.cjs.bin",
  ]);
});

test("a place that cannot be written is done without", async () => {
  const cache = folder();
  writeFileSync(join(cache, "file"), "");
  const { code } = await runCli(["list"], cache, {
    XDG_CACHE_HOME: join(cache, "file"),
  });
  expect(code).toBe(0);
});

// Only root can make a home that is another's.
const describeAsRoot = process.getuid?.() === 0 ? describe : describe.skip;

describeAsRoot("as root", () => {
  test("no folder is made in the home of a user", async () => {
    const home = folder();
    const env = { XDG_CACHE_HOME: "", HOME: home };
    chownSync(home, 12_345, 12_345);
    expect((await runCli(["list"], home, env)).code).toBe(0);
    expect(readdirSync(home)).toEqual([]);
    chownSync(home, 0, 0);
    expect((await runCli(["list"], home, env)).code).toBe(0);
    expect(readdirSync(home)).toEqual([".cache"]);
  });
});

test("what is kept is used by the next run, and not written again", async () => {
  const cache = folder();
  await list(cache);
  const files = kept(cache);
  const past = new Date("2020-01-01");
  for (const file of files) utimesSync(file, past, past);
  await list(cache);
  expect(kept(cache)).toEqual(files);
  for (const file of files) expect(statSync(file).mtime).toEqual(past);
});

test("a program that was patched since runs as patched, its length the same", async () => {
  const installed = join(folder(), "dist");
  cpSync(dirname(CLI), installed, { recursive: true });
  const env = { ...process.env, XDG_CACHE_HOME: folder() };
  const listed = async () =>
    run(process.execPath, [join(installed, "cli.cjs"), "list"], {
      cwd: folder(),
      env,
    });
  expect((await listed()).stdout).toContain("broadcasts agent events");
  const program = join(installed, "read.cjs");
  const text = readFileSync(program, "utf8");
  writeFileSync(program, text.replace("broadcasts agent", "BROADCASTS AGENT"));
  // Compiled anew, then as that is kept.
  expect((await listed()).stdout).toContain("BROADCASTS AGENT events");
  expect((await listed()).stdout).toContain("BROADCASTS AGENT events");
});

test("a folder that others can write to is not trusted", async () => {
  const cache = folder();
  await list(cache);
  chmodSync(join(cache, "adw-scaffold"), 0o777);
  for (const file of kept(cache)) writeFileSync(file, "planted");
  await list(cache);
  for (const file of kept(cache))
    expect(readFileSync(file, "utf8")).toBe("planted");
});

test.each([
  [
    "cut short",
    (file: string) => truncateSync(file, Math.floor(statSync(file).size / 2)),
  ],
  ["empty", (file: string) => truncateSync(file, 0)],
  [
    "full of zeros in the middle",
    (file: string) => {
      const bytes = readFileSync(file);
      bytes.fill(0, Math.floor(bytes.length / 4), Math.floor(bytes.length / 2));
      writeFileSync(file, bytes);
    },
  ],
  [
    "changed in one bit",
    (file: string) => {
      const bytes = readFileSync(file);
      const middle = Math.floor(bytes.length / 2);
      bytes[middle] = (bytes[middle] ?? 0) ^ 1;
      writeFileSync(file, bytes);
    },
  ],
])("a kept file that is %s is noticed and made anew", async (_, damage) => {
  const cache = folder();
  const words = await list(cache);
  const [file = ""] = kept(cache);
  const good = readFileSync(file);
  damage(file);
  expect(await list(cache)).toBe(words);
  expect(readFileSync(file).length).toBeGreaterThan(good.length / 2);
  const made = statSync(file).mtimeMs;
  expect(await list(cache)).toBe(words);
  expect(statSync(file).mtimeMs).toBe(made);
});

test("compiled code of other builds goes after a month", async () => {
  const cache = folder();
  await list(cache);
  const own = join(cache, "adw-scaffold");
  const name = "0123456789abcdef-v20.0.0-x64-list-read.cjs.bin";
  const old = new Date(Date.now() - 40 * 24 * 3_600_000);
  for (const each of [name, `new-${name}`]) writeFileSync(join(own, each), "");
  writeFileSync(join(own, "notes.txt"), "");
  for (const each of [name, "notes.txt"]) utimesSync(join(own, each), old, old);
  for (const file of kept(cache).filter((path) =>
    path.endsWith("read.cjs.bin"),
  ))
    if (statSync(file).size > 0) truncateSync(file, 0);
  await list(cache);
  expect(existsSync(join(own, name))).toBe(false);
  expect(existsSync(join(own, `new-${name}`))).toBe(true);
  expect(existsSync(join(own, "notes.txt"))).toBe(true);
});
