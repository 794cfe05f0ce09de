/** Our handlers in the text of an agent's settings: put in, found, taken out again. */
import type { Node } from "jsonc-parser";
import { ConfigError } from "../../domain/errors.ts";
import {
  formatSettings,
  hookEntry,
  type Agent,
  type Door,
  type Setting,
} from "../../domain/hooks/agents.ts";
import {
  digestOf,
  markerOf,
  withoutMarker,
  type MadeSetting,
  type Marker,
} from "../../domain/hooks/marker.ts";
import {
  addsLineBreak,
  insertMember,
  isAlone,
  propertyValue,
  removeMember,
} from "../../infrastructure/json-members.ts";
import {
  parseCommentedJson,
  position,
} from "../../infrastructure/json-text.ts";
import { jsonc } from "../../infrastructure/jsonc.ts";

/** What is to be in a file. */
export interface Wanted {
  agent: Agent;
  events: readonly string[];
  door: Door;
  /** Other settings, which must not say anything else already. */
  settings: readonly Setting[];
  /** The server that the settings name. */
  url?: string;
  platform?: NodeJS.Platform;
}

/** A handler of ours in a file. */
export interface OwnHandler {
  /** Such as `hooks.Stop.0.hooks.0`, in parts. */
  path: readonly (string | number)[];
  event: string;
  value: object;
  marker: Marker;
}

/**
 * The text with exactly the wanted handlers of ours; the same text where it has
 * them already.
 *
 * @param text - null where there is no file
 * @param file - its name, for errors
 * @throws {ConfigError} with line and column for a text that is not JSON, or has
 * something else where hooks belong; code `SETTING_TAKEN` for a setting that says
 * something else.
 */
export function withHooks(
  text: string | null,
  file: string,
  wanted: Wanted,
): string {
  if (text !== null && isInstalled(text, file, wanted)) return text;
  const bare = text === null ? null : withoutHooks(text, file);
  let result = bare ?? "{}\n";
  const settings = [...formatSettings(wanted.agent), ...wanted.settings];
  const made = text === null ? [] : madeSettings(text, file);
  const added = missingSettings(result, file, settings, made);
  // One of them remembers the settings for all.
  const marker = (event: string): Marker => ({
    empty: bare === null ? [] : emptyPlaces(result, file, wanted, event),
    ...(event === wanted.events[0]
      ? {
          set: added.map(({ path, value }) => ({
            path:
              bare === null && path[0] === "version"
                ? "version+"
                : path.join("."),
            digest: digestOf(value),
          })),
          ...(wanted.url === undefined ? {} : { url: wanted.url }),
        }
      : { set: [] }),
  });
  const entries = wanted.events.map((event) => {
    const { agent, door, platform } = wanted;
    return {
      event,
      value: hookEntry(agent, event, door, marker(event), platform),
    };
  });
  for (const { path, value } of added)
    result = insertAt(result, file, path, value);
  for (const { event, value } of entries)
    result = insertAt(result, file, ["hooks", event], value, true);
  return result;
}

/** Whether the file has all that is wanted of us and no more. */
function isInstalled(text: string, file: string, wanted: Wanted): boolean {
  const own = ownHandlers(text, file);
  const none: Marker = { empty: [], set: [] };
  const { agent, door, platform } = wanted;
  const should = wanted.events.map((event) => {
    const entry = hookEntry(agent, event, door, none, platform);
    const [handler]: unknown[] =
      "hooks" in entry ? [entry.hooks].flat() : [entry];
    return `${event} ${withoutMarker(handler)}`;
  });
  const root = parseCommentedJson(text, file);
  const is = own.map(({ event, value }) => `${event} ${withoutMarker(value)}`);
  return (
    should.toSorted().join("\n") === is.toSorted().join("\n") &&
    own.find(({ marker }) => marker.url !== undefined)?.marker.url ===
      wanted.url &&
    wanted.settings.every(({ path }) => nodeAt(root, path) !== undefined)
  );
}

/** Our handlers, in the order of the text. */
export function ownHandlers(text: string, file: string): OwnHandler[] {
  const { getNodePath, getNodeValue } = jsonc();
  return ownNodes(parseCommentedJson(text, file)).map(({ node, marker }) => {
    const path = getNodePath(node);
    return { path, event: String(path[1]), value: getNodeValue(node), marker };
  });
}

function ownNodes(root: Node): { node: Node; marker: Marker }[] {
  const { getNodeValue } = jsonc();
  const below = (node: Node): { node: Node; marker: Marker }[] => {
    const marker =
      node.type === "object" ? markerOf(getNodeValue(node)) : undefined;
    return marker === undefined
      ? (node.children ?? []).flatMap(below)
      : [{ node, marker }];
  };
  // A name may stand there twice.
  return (root.children ?? [])
    .filter(({ children }) => children?.[0]?.value === "hooks")
    .flatMap(below);
}

/**
 * The text without anything of ours; null where nothing else was ever in the file.
 * What became empty by it goes too, unless it was there, and empty, before.
 *
 * @throws {ConfigError} with line and column for a text that is not JSON.
 */
export function withoutHooks(text: string, file: string): string | null {
  let result = text;
  const markers: Marker[] = [];
  // The last first: each step is then the exact opposite of one that put it in.
  for (;;) {
    const last = ownNodes(parseCommentedJson(result, file)).at(-1);
    if (last === undefined) break;
    markers.push(last.marker);
    result = removeAndTidy(result, last.node, last.marker);
  }
  const marker = markers.find(({ set }) => set.length > 0) ?? markers.at(-1);
  if (marker === undefined) return text;
  const made = isRedirected(result, file, marker) ? [] : marker.set;
  for (const setting of made.toReversed()) {
    const node = ownSetting(result, file, setting);
    if (node !== undefined) result = removeAndTidy(result, node, marker);
  }
  const root = parseCommentedJson(result, file);
  const wasThere = marker.empty.some((path) => path.startsWith("."));
  const isBare = /^\uFEFF?\s*\{\s*\}\s*$/.test(result);
  return root.children?.length === 0 && isBare && !wasThere ? null : result;
}

/** Takes out a value, and what around it would be left empty by that. */
function removeAndTidy(text: string, value: Node, { empty }: Marker): string {
  let member = memberOf(value);
  for (;;) {
    const owner = member.parent;
    if (owner === undefined) return text;
    const path = jsonc().getNodePath(owner).join(".") || ".";
    const wasEmpty = empty.includes(path) || empty.includes(`${path}+`);
    const isTop = owner.parent === undefined;
    // Handlers are what a group is there for, whatever else somebody wrote into it.
    const isGroup = owner.type === "object" && owner.parent?.type === "array";
    const isLeftEmpty = isGroup || isAlone(text, member);
    if (isTop || wasEmpty || !isLeftEmpty)
      return removeMember(text, member, empty.includes(`${path}+`));
    member = memberOf(owner);
  }
}

function memberOf(value: Node): Node {
  return value.parent?.type === "property" ? value.parent : value;
}

const isEndpoint = (path: string) => /endpoint$/i.test(path);

/** Whether the telemetry goes elsewhere by now: then it is a person's, all of it. */
function isRedirected(text: string, file: string, { set }: Marker): boolean {
  const root = parseCommentedJson(text, file);
  return set.some(({ path, digest }) => {
    if (!isEndpoint(path)) return false;
    const node = nodeAt(root, path.split("."));
    return node !== undefined && digestOf(node.value) !== digest;
  });
}

/** Settings of the file that an install before this one made, edited since or not. */
function madeSettings(text: string, file: string): string[] {
  return ownHandlers(text, file).flatMap(({ marker }) =>
    marker.set.map(({ path }) => path),
  );
}

/** A setting that was made by us, and still says what it said. */
function ownSetting(
  text: string,
  file: string,
  { path, digest }: MadeSetting,
): Node | undefined {
  const root = parseCommentedJson(text, file);
  // In a file that was made for ours, it stays for hooks that others have added.
  if (path.endsWith("+") && propertyValue(root, "hooks") !== undefined)
    return undefined;
  const node = nodeAt(root, path.replace(/\+$/, "").split("."));
  if (node === undefined) return undefined;
  return digestOf(jsonc().getNodeValue(node)) === digest ? node : undefined;
}

function nodeAt(root: Node, path: readonly string[]): Node | undefined {
  return path.reduce<Node | undefined>(propertyValue, root);
}

/**
 * Those of the settings that are not there yet.
 *
 * @param made - paths of those that we made once: what a person wrote over one of
 * them since counts
 */
function missingSettings(
  text: string,
  file: string,
  settings: readonly Setting[],
  made: readonly string[],
): Setting[] {
  const root = parseCommentedJson(text, file);
  return settings.filter(({ path, value }) => {
    const node = nodeAt(root, path);
    if (node === undefined) return true;
    if (node.value === value || path[0] === "version") return false;
    const name = path.join(".");
    if (made.includes(name) && !isEndpoint(name)) return false;
    throw new ConfigError(
      "SETTING_TAKEN",
      `${name} is ${JSON.stringify(node.value)} already`,
      {
        where: position(text, file, node.offset),
        hint: "Nothing was changed. Remove the setting, or install without --otel.",
      },
    );
  });
}

/** The objects and lists on the way to what will be added that are there and empty. */
function emptyPlaces(
  text: string,
  file: string,
  { settings }: Wanted,
  event: string,
): string[] {
  const root = parseCommentedJson(text, file);
  const paths = [[], ["hooks"], ["hooks", event]];
  for (const { path } of settings) paths.push(path.slice(0, -1));
  const empty = paths.flatMap((path) => {
    const node = nodeAt(root, path);
    if (node?.children?.length !== 0) return [];
    return `${path.join(".") || "."}${addsLineBreak(text, node) ? "+" : ""}`;
  });
  return [...new Set(empty)];
}

/**
 * Adds a value at a path, with the objects around it that are missing.
 *
 * @param isEntry - it becomes the last entry of the list at that path
 * @throws {ConfigError} `CONFIG_INVALID` where something else is in the way
 */
function insertAt(
  text: string,
  file: string,
  path: readonly string[],
  value: unknown,
  isEntry = false,
): string {
  let owner = parseCommentedJson(text, file);
  requireType(text, file, owner, "object", []);
  for (const [depth, name] of path.entries()) {
    const next = propertyValue(owner, name);
    const rest = path.slice(depth + 1);
    if (next === undefined) {
      const inner = rest.reduceRight<unknown>(
        (within, key) => ({ [key]: within }),
        isEntry ? [value] : value,
      );
      return insertMember(text, owner, { name, value: inner });
    }
    const isList = isEntry && rest.length === 0;
    requireType(
      text,
      file,
      next,
      isList ? "array" : "object",
      path.slice(0, depth + 1),
    );
    owner = next;
  }
  return insertMember(text, owner, { value });
}

function requireType(
  text: string,
  file: string,
  node: Node,
  type: "object" | "array",
  path: readonly string[],
): void {
  if (node.type === type) return;
  const what = type === "array" ? "a list" : "an object";
  throw new ConfigError(
    "CONFIG_INVALID",
    `${path.length === 0 ? "the file" : path.join(".")} is not ${what}`,
    {
      where: position(text, file, node.offset),
      hint: "Nothing was changed. Correct the file at this place.",
    },
  );
}
