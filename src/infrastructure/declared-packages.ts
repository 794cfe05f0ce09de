/** What a project declares of a package, wherever it stands, and what is installed. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import {
  DEPENDENCY_SECTIONS,
  type DependencySection,
  type HostPackage,
  type Versions,
} from "../domain/host-packages.ts";
import { PACKAGE_FILE } from "./package-json.ts";
import { asRecord, readJsonRecord, type JsonRecord } from "./json-values.ts";
import { findUpwards, upToRepository, upwards } from "./upwards.ts";

/** A folder's files that decide on versions, read once. */
interface Level {
  manifest: JsonRecord;
  pnpm: JsonRecord;
  yarn: JsonRecord;
}

/** A range, and where it stands. */
interface Decision {
  spec: string;
  origin: string;
}

/** Looks packages up in one project. */
export interface HostPackages {
  /** undefined when package.json does not name it, and nothing overrides it. */
  find: (name: string) => HostPackage | undefined;
  /** undefined when it is not installed. */
  installedVersion: (name: string) => string | undefined;
}

/** Reads what decides on versions: package.json here and above, catalogs, overrides. */
export async function hostPackages(root: string): Promise<HostPackages> {
  const { versions } = await import("./ranges.ts");
  const levels = await Promise.all(upToRepository(root).map(readLevel));
  const installedVersion = installedVersions(root);
  const find = (name: string): HostPackage | undefined => {
    const declared = declaration(levels[0]?.manifest ?? {}, name);
    const forced = override(levels, name, declared?.spec);
    if (declared === undefined) {
      if (forced === undefined) return undefined;
      return describe(name, "dependencies", forced.spec, forced);
    }
    const decision = forced ?? fromCatalog(levels, name, declared.spec);
    return describe(name, declared.section, declared.spec, decision);
  };
  const describe = (
    name: string,
    section: DependencySection,
    written: string,
    { spec, origin }: Decision,
  ): HostPackage => ({
    name,
    section,
    written,
    origin,
    ...parseSpec(name, spec, versions),
    installed: installedVersion(name),
  });
  return { find, installedVersion };
}

function declaration(
  manifest: JsonRecord,
  name: string,
): { section: DependencySection; spec: string } | undefined {
  for (const section of DEPENDENCY_SECTIONS) {
    const spec = asRecord(manifest[section])[name];
    if (typeof spec === "string") return { section, spec };
  }
  return undefined;
}

/** `npm:zod@3.22.4` is zod 3.22.4; `npm:other@1` is another package. */
function parseSpec(
  name: string,
  spec: string,
  { minVersion }: Versions,
): { range: string | undefined; alias: string | undefined } {
  const asRange = (text: string | undefined) =>
    text !== undefined && minVersion(text) !== undefined ? text : undefined;
  const [, protocol, rest = spec] =
    /^(npm|workspace|jsr):(.*)$/.exec(spec) ?? [];
  if (protocol === "npm" || protocol === "jsr") {
    const at = rest.indexOf("@", 1);
    const isVersion = minVersion(rest) !== undefined;
    const target = isVersion ? name : rest.slice(0, at === -1 ? undefined : at);
    if (target !== name) return { range: undefined, alias: target };
    const range = isVersion ? rest : at === -1 ? "*" : rest.slice(at + 1);
    return { range: asRange(range), alias: undefined };
  }
  // `workspace:*` says nothing about the version: what is linked does.
  const range = protocol === "workspace" && rest === "*" ? undefined : rest;
  return { range: asRange(range), alias: undefined };
}

/** What npm, pnpm, Yarn and Bun put in the place of a range. */
function override(
  levels: readonly Level[],
  name: string,
  declared: string | undefined,
): Decision | undefined {
  for (const { manifest, pnpm } of levels) {
    const places: [JsonRecord, string][] = [
      [asRecord(manifest["overrides"]), `overrides in ${PACKAGE_FILE}`],
      [asRecord(manifest["resolutions"]), `resolutions in ${PACKAGE_FILE}`],
      [
        asRecord(asRecord(manifest["pnpm"])["overrides"]),
        `pnpm.overrides in ${PACKAGE_FILE}`,
      ],
      [asRecord(pnpm["overrides"]), "overrides in pnpm-workspace.yaml"],
    ];
    for (const [place, origin] of places) {
      const entry = place[name] ?? place[`**/${name}`];
      const spec = typeof entry === "string" ? entry : asRecord(entry)["."];
      if (typeof spec !== "string") continue;
      // npm's `$zod` is what package.json says of zod: no override of it.
      if (spec.startsWith("$")) continue;
      const decision = fromCatalog(levels, name, spec);
      if (decision.spec !== declared) {
        return decision.spec === spec ? { spec, origin } : decision;
      }
    }
  }
  return undefined;
}

/** pnpm, Yarn and Bun keep ranges of a whole workspace in catalogs. */
function fromCatalog(
  levels: readonly Level[],
  name: string,
  spec: string,
): Decision {
  const own = { spec, origin: PACKAGE_FILE };
  if (!spec.startsWith("catalog:")) return own;
  const catalog = spec.slice("catalog:".length).trim() || "default";
  for (const { manifest, pnpm, yarn } of levels) {
    const places: [JsonRecord, string][] = [
      [pnpm, "pnpm-workspace.yaml"],
      [yarn, ".yarnrc.yml"],
      [asRecord(manifest["workspaces"]), PACKAGE_FILE],
      [manifest, PACKAGE_FILE],
    ];
    for (const [place, file] of places) {
      const found =
        (catalog === "default"
          ? asRecord(place["catalog"])[name]
          : undefined) ?? asRecord(asRecord(place["catalogs"])[catalog])[name];
      if (typeof found === "string") {
        return { spec: found, origin: `the catalog in ${file}` };
      }
    }
  }
  return own;
}

/**
 * The version in node_modules, looked for from the project upwards as Node does, or
 * the one that Yarn's Plug'n'Play gives the project.
 */
export function installedVersions(
  root: string,
): (name: string) => string | undefined {
  const pnp = plugAndPlay(root);
  return (name) => {
    if (pnp !== undefined) return pnp(name);
    for (const folder of upwards(root)) {
      const manifest = readJsonRecord(
        join(folder, "node_modules", name, PACKAGE_FILE),
      );
      const version = manifest?.["version"];
      if (typeof version === "string") return version;
    }
    return undefined;
  };
}

/** The file that Yarn's Plug'n'Play keeps above or in a project; undefined without it. */
export function plugAndPlayFile(root: string): string | undefined {
  return findUpwards(root, ".pnp.cjs");
}

function plugAndPlay(
  root: string,
): ((name: string) => string | undefined) | undefined {
  const file = plugAndPlayFile(root);
  if (file === undefined) return undefined;
  try {
    const api: unknown = createRequire(file)(file);
    return (name) => versionFrom(api, root, name);
  } catch {
    return undefined;
  }
}

/** Plug'n'Play's own API: https://yarnpkg.com/advanced/pnpapi */
function versionFrom(
  api: unknown,
  root: string,
  name: string,
): string | undefined {
  const { findPackageLocator, getPackageInformation } = asRecord(api);
  if (
    typeof findPackageLocator !== "function" ||
    typeof getPackageInformation !== "function"
  ) {
    return undefined;
  }
  const locator: unknown = findPackageLocator(`${root}/`);
  const information = asRecord(getPackageInformation(locator));
  const dependencies: unknown = information["packageDependencies"];
  if (!(dependencies instanceof Map)) return undefined;
  const found: unknown = dependencies.get(name);
  const reference: unknown = Array.isArray(found) ? found[1] : found;
  if (typeof reference !== "string") return undefined;
  // `npm:4.6.7`, or `virtual:…#npm:4.6.7` for a package with peers.
  return /npm:(\d[^#@]*)$/.exec(reference)?.[1];
}

async function readLevel(folder: string): Promise<Level> {
  return {
    manifest: readJsonRecord(join(folder, PACKAGE_FILE)) ?? {},
    pnpm: await readYaml(join(folder, "pnpm-workspace.yaml")),
    yarn: await readYaml(join(folder, ".yarnrc.yml")),
  };
}

async function readYaml(file: string): Promise<JsonRecord> {
  if (!existsSync(file)) return {};
  const { parse } = await import("./yaml.ts");
  try {
    return asRecord(parse(readFileSync(file, "utf8")));
  } catch {
    return {};
  }
}
