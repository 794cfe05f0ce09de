/**
 * What the templates render with the default settings, as the build made it.
 *
 * Most files of most projects have this text: it need not be rendered again, nor
 * hashed and compressed for the lock, for which Node would have to load its
 * cryptography and its streams. It is data next to the code, because V8 would look
 * at every byte of a script.
 */
import { readFileSync } from "node:fs";
import {
  DEFAULT_TEXTS,
  defaultTextsFolder,
} from "../generated/template-facts.ts";
import { isMissing } from "./project-files.ts";

/** The text of one file. */
export class DefaultText {
  /** UTF-8, without a byte order mark. */
  readonly bytes: Uint8Array;
  /** In hexadecimal, as the lock has it. */
  readonly sha256: string;
  readonly #packed: Uint8Array;

  // No Buffer in the signature: it would ask every user of the types for @types/node.
  constructor(sha256: string, bytes: Uint8Array, packed: Uint8Array) {
    this.sha256 = sha256;
    this.bytes = bytes;
    this.#packed = packed;
  }

  get content(): string {
    return viewed(this.bytes).toString();
  }

  /** Compressed, as the lock has it. */
  get base(): string {
    return viewed(this.#packed).toString("latin1");
  }
}

function viewed({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** The texts of one module, by the path of the template. */
export type DefaultTexts = ReadonlyMap<string, DefaultText>;

const NONE: DefaultTexts = new Map();
const read = new Map<string, DefaultTexts>();

/**
 * The texts of a bundled module. None for other modules, and none where the files
 * are not next to the code, because somebody has bundled it again: then everything
 * is rendered.
 */
export function defaultTexts(module: string): DefaultTexts {
  const present = read.get(module);
  if (present !== undefined) return present;
  const file = Object.hasOwn(DEFAULT_TEXTS, module)
    ? DEFAULT_TEXTS[module]
    : undefined;
  const texts = file === undefined ? NONE : readTexts(file);
  read.set(module, texts);
  return texts;
}

/** One line of JSON tells the lengths of what follows. */
function readTexts(file: string): DefaultTexts {
  let bytes: Buffer;
  try {
    bytes = readFileSync(`${defaultTextsFolder()}/${file}`);
  } catch (error) {
    if (isMissing(error)) return NONE;
    throw error;
  }
  const endOfTable = bytes.indexOf("\n");
  if (endOfTable === -1) return NONE; // cut short in it
  const table: [string, string, number, number][] = JSON.parse(
    bytes.toString("latin1", 0, endOfTable),
  );
  const texts = new Map<string, DefaultText>();
  let at = endOfTable + 1;
  for (const [path, sha256, length, packedLength] of table) {
    const text = bytes.subarray(at, at + length);
    at += length;
    const packed = bytes.subarray(at, at + packedLength);
    at += packedLength;
    texts.set(path, new DefaultText(sha256, text, packed));
  }
  // Cut short behind it: a broken download, a full disk.
  return at === bytes.length ? texts : NONE;
}
