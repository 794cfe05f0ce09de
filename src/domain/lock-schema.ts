/** The shape of `adw.lock.json`: what a lock is checked against, and its JSON Schema made from. */
import * as v from "valibot";
import { isInsideProject, isTemplatePath } from "./paths.ts";

/** Version of the format, not of the package. */
export const LOCK_VERSION = 1;

const unsafe = ({ received }: { received: string }) =>
  `unsafe path ${received}`;
const path = v.pipe(v.string(), v.guard(isInsideProject, unsafe));
const texts = v.record(v.string(), v.string());

export const LOCKED_MODULE_SCHEMA = v.object({
  version: v.pipe(
    v.string(),
    v.description("Version of the module's templates."),
  ),
  templates: v.pipe(
    v.string(),
    v.description("Digest of the module's templates."),
  ),
  inputs: v.pipe(
    v.record(v.string(), v.unknown()),
    v.description(
      "The configuration values that the module was rendered with.",
    ),
  ),
});

export const LOCKED_FILE_SCHEMA = v.object({
  module: v.pipe(v.string(), v.description("The module it belongs to.")),
  source: v.pipe(
    v.string(),
    v.guard(isTemplatePath, unsafe),
    v.description(
      "The registered file; it stays the same when adws_dir changes.",
    ),
  ),
  sha256: v.pipe(
    v.string(),
    v.regex(/^[0-9a-f]{64}$/),
    v.description("SHA-256 of the text with \\n line ends."),
  ),
  base: v.exactOptional(
    v.pipe(
      v.string(),
      v.description(
        "The text as it was written: raw deflate (RFC 1951), base64. The base of the next three-way merge; a generated file has none, and is never merged.",
      ),
    ),
  ),
});

export const LOCKED_EDIT_SCHEMA = v.object({
  left: v.string(),
  removed: v.string(),
  inserted: v.string(),
  right: v.string(),
  created: v.optional(v.boolean()),
});

export const LOCK_SCHEMA = v.object({
  lockfile_version: v.pipe(
    v.literal(LOCK_VERSION),
    v.description("Version of the format, not of the package."),
  ),
  written_by: v.optional(
    v.pipe(
      v.string(),
      v.description(
        "Version of adw-scaffold that wrote it: an older one does not take the files back unasked.",
      ),
    ),
  ),
  modules: v.pipe(
    v.record(v.string(), LOCKED_MODULE_SCHEMA),
    v.description("Installed modules, by name."),
  ),
  files: v.pipe(
    v.record(path, LOCKED_FILE_SCHEMA),
    v.description("Files that adw-scaffold wrote, by their path."),
  ),
  kept_files: v.pipe(
    v.optional(v.record(path, LOCKED_FILE_SCHEMA), {}),
    v.description(
      "Files of removed modules that stayed because they were edited; add merges them again.",
    ),
  ),
  added_dependencies: v.pipe(
    texts,
    v.description(
      "Packages that adw-scaffold added to package.json, with their range; remove takes them out again.",
    ),
  ),
  added_scripts: v.pipe(
    v.optional(texts, {}),
    v.description(
      "Scripts that adw-scaffold added to package.json, with their command; update and remove may change them.",
    ),
  ),
  host_edits: v.pipe(
    v.optional(v.record(path, LOCKED_EDIT_SCHEMA)),
    v.description(
      "What init changed in the project's own tsconfig and linter files, with the text around it; remove takes it back.",
    ),
  ),
});
