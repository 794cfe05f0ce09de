/**
 * Keeps what V8 has compiled from one run to the next. Compiling is a third of what
 * a run of the tool takes.
 *
 * Node can do this itself from 22.1 on, but keeps it in a temporary folder that
 * others can write to, and takes longer for it. Here the folder is the user's own:
 * what is in it is run.
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { Script, constants } from "node:vm";

/** A digest of everything that is built; replaced by the build. */
declare const BUILD_ID: string;

/** What Node puts around a CommonJS module; our programs have it already. */
const MODULE_WRAPPER =
  "(function (exports, require, module, __filename, __dirname) ";

/** Compiled code of other builds goes when it is this old. */
const UNUSED_AFTER_MS = 30 * 24 * 3_600_000;

/**
 * Loads one of the tool's files, and what that requires.
 *
 * @param use - what for: V8 keeps the functions that have run, and these differ
 */
export function loadCompiled(file: string, use: string): void {
  const folder = cacheFolder(process.env);
  const loader = new CompiledLoader(folder, use);
  loader.load(file);
  if (folder === undefined) return;
  process.on("exit", (code) => {
    // A run that was not understood has used few of the functions.
    if (code !== 2) loader.keep(folder);
  });
}

/** Where compiled code is kept; undefined where it must not be. */
export function cacheFolder(env: NodeJS.ProcessEnv): string | undefined {
  if (env["NODE_DISABLE_COMPILE_CACHE"]) return undefined;
  const home = env["HOME"] ?? "";
  // Empty is as good as not set (XDG Base Directory Specification).
  const named = env["XDG_CACHE_HOME"] ?? "";
  const caches =
    process.platform === "win32"
      ? (env["LOCALAPPDATA"] ?? "")
      : process.platform === "darwin"
        ? join(home, "Library/Caches")
        : named === ""
          ? join(home, ".cache")
          : named;
  return isAbsolute(caches) ? join(caches, "adw-scaffold") : undefined;
}

/** What `require` does for the tool's own files, with the compiled code at hand. */
class CompiledLoader {
  /** Where compiled code may be taken from. */
  readonly #folder: string | undefined;
  readonly #use: string;
  readonly #loaded = new Map<string, { exports: unknown }>();
  readonly #fresh = new Map<string, { source: Buffer; script: Script }>();

  constructor(folder: string | undefined, use: string) {
    this.#folder =
      folder !== undefined && isPrivate(folder) ? folder : undefined;
    this.#use = use;
  }

  load(file: string): unknown {
    const present = this.#loaded.get(file);
    if (present !== undefined) return present.exports;
    const module = { exports: {} };
    this.#loaded.set(file, module);
    const folder = dirname(file);
    const requireFrom = Object.assign(
      (id: string): unknown =>
        id.startsWith("./") || id.startsWith("../")
          ? this.load(join(folder, id))
          : require(id),
      { resolve: require.resolve },
    );
    const run: unknown = this.#compile(file).runInThisContext();
    if (typeof run === "function") {
      run.call(
        module.exports,
        module.exports,
        requireFrom,
        module,
        file,
        folder,
      );
    }
    return module.exports;
  }

  #compile(file: string): Script {
    const source = readFileSync(file);
    const kept =
      this.#folder === undefined
        ? undefined
        : readKept(this.#fileIn(this.#folder, file), source);
    const text = source.toString();
    const script = new Script(
      text.startsWith(MODULE_WRAPPER) ? text : `${MODULE_WRAPPER}{${text}\n})`,
      {
        filename: file,
        ...(kept === undefined ? {} : { cachedData: kept }),
        importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      },
    );
    if (kept === undefined || script.cachedDataRejected === true) {
      this.#fresh.set(file, { source, script });
    }
    return script;
  }

  #fileIn(folder: string, file: string): string {
    return join(
      folder,
      `${BUILD_ID}-${process.version}-${process.arch}-${this.#use}-${basename(file)}.bin`,
    );
  }

  /** When the run ends, all that it needed is compiled. */
  keep(folder: string): void {
    if (this.#fresh.size === 0) return;
    try {
      if (wouldBeInTheWay(folder)) return;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (!isPrivate(folder)) return;
      for (const [file, { source, script }] of this.#fresh) {
        const target = this.#fileIn(folder, file);
        const staged = `${target}.${process.pid}`;
        const data = script.createCachedData();
        const kept = Buffer.concat([data, data, source]);
        writeFileSync(staged, kept, { mode: 0o600 });
        renameSync(staged, target);
      }
      removeUnused(folder);
    } catch {
      // A read-only or full disk: the next run compiles again.
    }
  }
}

function removeUnused(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.startsWith(BUILD_ID) || !/\.bin(\.\d+)?$/.test(name)) continue;
    if (Date.now() - lstatSync(path).mtimeMs > UNUSED_AFTER_MS) {
      unlinkSync(path);
    }
  }
}

/** With sudo, the home may be a user's, who could not write to what root makes there. */
function wouldBeInTheWay(folder: string): boolean {
  if (process.getuid?.() !== 0) return false;
  let present = folder;
  while (!existsSync(present)) present = dirname(present);
  return statSync(present).uid !== 0;
}

/** Whether nobody else can have put anything there. */
function isPrivate(folder: string): boolean {
  try {
    const status = lstatSync(folder);
    return (
      status.isDirectory() &&
      (process.getuid === undefined ||
        (status.uid === process.getuid() && (status.mode & 0o022) === 0))
    );
  } catch {
    return false;
  }
}

/**
 * V8 takes what it is given: from damaged data it would crash, and of the source it
 * compares the length alone, so that the code of a file that was patched since would
 * be taken. Therefore the data is there twice, and the source behind it: comparing
 * costs nothing, and for a checksum Node would have to load its cryptography, which
 * takes a tenth of a run.
 */
function readKept(file: string, source: Buffer): Buffer | undefined {
  let kept: Buffer;
  try {
    kept = readFileSync(file);
  } catch {
    return undefined;
  }
  const end = kept.length - source.length;
  if (end <= 0 || !kept.subarray(end).equals(source)) return undefined;
  const data = kept.subarray(0, end / 2);
  return data.equals(kept.subarray(data.length, end)) ? data : undefined;
}
