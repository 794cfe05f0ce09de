/**
 * Hostile paths and symbolic links, generated from a fixed seed: nothing may ever
 * be written outside the project, nor into `.git` or `node_modules`.
 */
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { planRemove } from "../../src/application/remove-plan.ts";
import {
  applyScaffold,
  planScaffold,
} from "../../src/application/scaffold-service.ts";
import { planUpdate } from "../../src/application/update-plan.ts";
import { examineProject } from "../../src/application/doctor-service.ts";
import { AdwError } from "../../src/domain/errors.ts";
import { absolutePath } from "../../src/domain/paths.ts";
import { recoverTransaction } from "../../src/infrastructure/file-transaction.ts";
import { packText, sha256 } from "../../src/infrastructure/project-files.ts";

const SEED = 20_261_122;
/** Higher than any process number that Linux gives. */
const DEAD_PID = 2 ** 22 + 1;

/** Mulberry32: small, and the same numbers everywhere. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

let sandbox = "";
let project = "";
let prepared = "";

/** Everything with its kind, mode and content; a link by where it leads. */
function photograph(
  folder: string,
  found: string[] = [],
  below = "",
): string[] {
  for (const name of readdirSync(join(folder, below)).toSorted()) {
    const path = join(below, name);
    const status = lstatSync(join(folder, path));
    const what = status.isSymbolicLink()
      ? readlinkSync(join(folder, path))
      : status.isDirectory()
        ? "folder"
        : readFileSync(join(folder, path), "utf8");
    found.push(`${path} ${status.mode.toString(8)} ${what}`);
    if (status.isDirectory()) photograph(folder, found, path);
  }
  return found;
}

/** All that must never change: what is around the project, and other tools' folders in it. */
function sentinels(): string[] {
  return [
    ...photograph(join(sandbox, "outside")),
    ...photograph(join(project, ".git")),
    ...photograph(join(project, "node_modules")),
    readFileSync(join(sandbox, "victim.txt"), "utf8"),
    ...readdirSync(sandbox),
  ];
}

const PARTS = [
  "..",
  "..",
  "..",
  ".",
  "",
  "adws",
  "adws",
  "adw_modules",
  "x.ts",
  "victim.txt",
  "outside",
  "deep",
  "empty",
  "link-out",
  "link-out",
  "link-file",
  "link-in",
  "dangling",
  ".git",
  ".GIT",
  ".git.",
  ".git ",
  "git~1",
  "node_modules",
  "Node_Modules",
  "node_modules.",
  "pkg",
  "hooks",
  "config",
  "~",
  "$HOME",
  "C:",
  "c:victim",
  "con",
  "．．",
  "%2e%2e",
  "..%2f",
  "..\\..",
  "a\\b",
  "x\0y",
  "new\nline",
  "tab\t",
  " ",
  "...",
  ".. ",
  "..;",
  "-rf",
  "é",
  "a".repeat(300),
];

type Random = () => number;
const pick = <T>(
  next: Random,
  list: readonly [T, ...T[]] | readonly T[],
): T => {
  const value = list[Math.floor(next() * list.length)];
  if (value === undefined) throw new Error("nothing to pick from");
  return value;
};

function hostilePath(next: Random): string {
  const count = 1 + Math.floor(next() * 5);
  const path = Array.from({ length: count }, () => pick(next, PARTS)).join(
    pick(next, ["/", "/", "/", "/", "//", "\\"]),
  );
  return `${pick(next, ["", "", "", "adws/", "adws/", "/", "./", "../", `${sandbox}/outside/`, "file://", "\\\\host\\"])}${path}`;
}

/** Links that lead out of the project, where something of ours may be written. */
const LINKS: readonly (readonly [string, string])[] = [
  ["link-out", "../outside"],
  ["link-file", "../outside/victim.txt"],
  ["link-in", "adws"],
  ["dangling", "../outside/made-by-us"],
  ["adws", "../outside"],
  ["adws/adw_modules", "../../outside/deep"],
  ["adws/schema", "../../outside/made-by-us"],
  ["adws/x.ts", "../../outside/victim.txt"],
  ["adws/.adw_token", "../../outside/victim.txt"],
  ["package.json", "../outside/package.json"],
  ["tsconfig.json", "../outside/victim.txt"],
  ["adw.config.json", "../outside/adw.config.json"],
  ["adw.lock.json", "../outside/made-by-us"],
  ["templates", "../outside"],
  ["adws/adw_modules/adw_websocket_client.ts", "../../../outside/victim.txt"],
];

function layLinks(next: Random): void {
  for (let count = Math.floor(next() * 4); count > 0; count -= 1) {
    const [path, target] = pick(next, LINKS);
    if (isBehindLink(path)) continue;
    rmSync(at(path), { recursive: true, force: true });
    mkdirSync(dirname(at(path)), { recursive: true });
    symlinkSync(target, at(path));
  }
}

/** The test itself must not write through a link that it has laid. */
function isBehindLink(path: string): boolean {
  const parts = path.split("/").slice(0, -1);
  return parts.some((_, depth) =>
    lstatSync(at(parts.slice(0, depth + 1).join("/")), {
      throwIfNoEntry: false,
    })?.isSymbolicLink(),
  );
}

const at = (path: string) => join(project, path);

/** Writes into the project itself, never through a link that was laid before. */
function put(path: string, text: string): void {
  rmSync(at(path), { recursive: true, force: true });
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text);
}

function changeJson(path: string, change: object): void {
  const value: object = JSON.parse(readFileSync(join(prepared, path), "utf8"));
  put(path, JSON.stringify({ ...value, ...change }));
}

/** Each kind sets a trap and returns what walks into it. */
const TRAPS: Readonly<
  Record<string, (next: Random) => () => Promise<unknown>>
> = {
  "adws_dir in the configuration": (next) => {
    changeJson("adw.config.json", { adws_dir: hostilePath(next) });
    return pick(next, [update, install]);
  },
  "adws_dir as a setting": (next) => {
    const adws_dir = hostilePath(next);
    return async () =>
      applyScaffold(
        await planScaffold({
          root: project,
          settings: { adws_dir },
          force: true,
        }),
      );
  },
  templates_dir: (next) => {
    changeJson("adw.config.json", {
      templates_dir: pick(next, [hostilePath(next), "templates", "link-out"]),
    });
    return update;
  },
  "a path in a manifest": (next) => {
    const file = hostilePath(next);
    changeJson("adw.config.json", { templates_dir: "team", modules: ["own"] });
    put("team/adws/x.ts.njk", "export {};\n");
    put(
      "team/manifest.json",
      JSON.stringify({
        modules: [
          {
            name: "own",
            version: "1.0.0",
            summary: "",
            files: [file, "adws/x.ts"],
            renamedFiles: { "adws/x.ts": hostilePath(next) },
          },
        ],
      }),
    );
    return pick(next, [update, install]);
  },
  "paths in the lock": (next) => {
    const text = readFileSync(join(sandbox, "victim.txt"), "utf8");
    const entry = (source: string) => ({
      module: "adw_websocket_client",
      source,
      sha256: sha256(text),
      base: packText(text),
    });
    const { files, ...rest } = JSON.parse(
      readFileSync(join(prepared, "adw.lock.json"), "utf8"),
    );
    put(
      "adw.lock.json",
      JSON.stringify({
        ...rest,
        files: {
          ...files,
          // As if we had written the victim, and it were dropped or moved now.
          [hostilePath(next)]: entry("adws/gone.ts"),
          [pick(next, [
            "link-out/victim.txt",
            "link-file",
            "adws/victim.txt",
            "../victim.txt",
          ])]: entry(pick(next, ["adws/gone.ts", "adws/package.json"])),
        },
      }),
    );
    return pick(next, [update, install, removeAll]);
  },
  "the journal of a transaction": (next) => {
    const folder = ".adw-scaffold-transaction";
    if (next() < 0.2) {
      symlinkSync("../outside", at(folder));
      return recover;
    }
    const paths = Array.from({ length: 1 + Math.floor(next() * 3) }, () =>
      pick(next, [
        hostilePath(next),
        "link-out/victim.txt",
        "link-file",
        "adws/x.ts",
      ]),
    );
    put(
      `${folder}/journal.json`,
      JSON.stringify({
        pid: DEAD_PID,
        entries: paths.map((path) => ({
          path,
          kind: pick(next, ["write", "delete"]),
          existed: next() < 0.5,
        })),
        newDirectories: [
          hostilePath(next),
          pick(next, [
            "link-out/empty",
            "../outside/empty",
            "link-out/deep/empty",
            "adws",
          ]),
        ].slice(Math.floor(next() * 3)),
      }),
    );
    for (const part of ["new", "old"]) {
      if (next() < 0.3)
        symlinkSync(`../../outside/${part}`, at(`${folder}/${part}`));
      else put(`${folder}/${part}/0`, "planted\n");
    }
    if (next() < 0.3) {
      if (next() < 0.5) put(`${folder}/rollback`, "");
      else symlinkSync("../../outside/made-by-us", at(`${folder}/rollback`));
    }
    return recover;
  },
  "links alone": (next) =>
    pick(next, [
      update,
      install,
      removeAll,
      () => examineProject({ root: project }, { fix: true }),
    ]),
};

const install = async () =>
  applyScaffold(
    await planScaffold({
      root: project,
      modules: ["adw_websocket_client"],
      force: true,
    }),
  );
const update = async () =>
  applyScaffold(await planUpdate({ root: project, force: true }));
const removeAll = async () =>
  applyScaffold(
    await planRemove({
      root: project,
      modules: ["adw_websocket_client"],
      force: true,
    }),
  );
const recover = () => recoverTransaction(absolutePath(project));

async function buildSandbox(): Promise<void> {
  sandbox = realpathSync(mkdtempSync(join(tmpdir(), "adw-fuzz-")));
  project = join(sandbox, "project");
  prepared = join(sandbox, "prepared");
  const files = {
    "outside/package.json": '{ "name": "outside" }\n',
    "outside/adw.config.json": '{ "modules": ["adw_websocket_client"] }\n',
    "outside/victim.txt": "victim\n",
    "outside/greeting.ts": "// outside\n",
    "outside/new/0": "outside, staged\n",
    "outside/old/0": "outside, old\n",
    "outside/deep/victim.txt": "victim\n",
    "victim.txt": "victim\n",
    "prepared/.git/config": "[core]\n",
    "prepared/.git/hooks/sample": "#!/bin/sh\n",
    "prepared/node_modules/pkg/index.js": "module.exports = 1;\n",
    "prepared/package.json": '{ "name": "host" }\n',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(sandbox, path)), { recursive: true });
    writeFileSync(join(sandbox, path), text);
  }
  mkdirSync(join(sandbox, "outside/empty"));
  mkdirSync(join(sandbox, "outside/deep/empty"));
  await applyScaffold(
    await planScaffold({ root: prepared, modules: ["adw_websocket_client"] }),
  );
}

/** Makes that many layouts and walks into each; throws at the first write outside. */
export async function fuzzPaths(layouts: number): Promise<void> {
  await buildSandbox();
  try {
    await walkInto(layouts);
  } finally {
    rmSync(sandbox, { recursive: true, force: true });
  }
}

async function walkInto(layouts: number): Promise<void> {
  const next = random(SEED);
  const kinds = Object.entries(TRAPS);
  const before: string[] = [];
  const outcomes = new Map<string, number>();
  const bugs: unknown[] = [];
  for (let layout = 0; layout < layouts; layout += 1) {
    rmSync(project, { recursive: true, force: true });
    cpSync(prepared, project, { recursive: true });
    if (before.length === 0) before.push(...sentinels());
    const [kind, trap] = pick(next, kinds);
    layLinks(next);
    const walkIn = trap(next);
    let outcome = "done";
    try {
      await walkIn();
    } catch (error) {
      outcome = error instanceof AdwError ? error.code : "BUG";
      if (outcome === "BUG") bugs.push({ layout, kind, error });
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    expect({ layout, kind, now: sentinels() }).toEqual({
      layout,
      kind,
      now: before,
    });
  }
  // A refusal is an error that says what to do, never a crash.
  expect(bugs).toEqual([]);
  // Neither everything refused nor everything harmless: the traps are real.
  expect(outcomes.get("done")).toBeGreaterThan(layouts / 20);
  for (const code of [
    "PATH_SYMLINK",
    "CONFIG_INVALID",
    "LOCK_INVALID",
    "TRANSACTION_BROKEN",
    "MANIFEST_INVALID",
  ]) {
    expect({ code, met: outcomes.has(code) }).toEqual({ code, met: true });
  }
}
