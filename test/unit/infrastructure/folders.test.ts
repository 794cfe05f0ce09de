import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inFolder, makeFolder } from "../../../src/infrastructure/folders.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const folder = temporaryFolder();

test("makes what is missing, and takes exactly that away again", async () => {
  await mkdir(join(folder(), "a"));
  const undo = makeFolder(join(folder(), "a/b/c"));
  expect(existsSync(join(folder(), "a/b/c"))).toBe(true);
  undo();
  expect(existsSync(join(folder(), "a/b"))).toBe(false);
  expect(existsSync(join(folder(), "a"))).toBe(true);
});

test("a folder with something in it stays", async () => {
  const undo = makeFolder(join(folder(), "a/b"));
  await writeFile(join(folder(), "a/mine"), "");
  undo();
  expect(existsSync(join(folder(), "a/b"))).toBe(false);
  expect(existsSync(join(folder(), "a/mine"))).toBe(true);
});

test("what cannot be made is refused, with nothing left behind", async () => {
  await writeFile(join(folder(), "file"), "");
  expect(() => makeFolder(join(folder(), "file/x"))).toThrow(
    expect.objectContaining({ code: "WRITE_FAILED", exitCode: 1 }),
  );
  // A name that no file system takes, after one that it does.
  expect(() => makeFolder(join(folder(), `a/${"x".repeat(300)}`))).toThrow(
    expect.objectContaining({ code: "WRITE_FAILED" }),
  );
  expect(existsSync(join(folder(), "a"))).toBe(false);
});

test("a folder made for some work stays when that is done, and goes when it fails", async () => {
  const made = join(folder(), "a/b");
  const failing = inFolder(made, async () => {
    expect(existsSync(made)).toBe(true);
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(existsSync(join(folder(), "a"))).toBe(false);
  await inFolder(made, () => Promise.resolve());
  expect(existsSync(made)).toBe(true);
});
