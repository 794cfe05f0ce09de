/** How a file differs from what would be rendered now, and whose doing it is. */
import { statusOf, type FileFacts, type FileStatus } from "./file-status.ts";

/**
 * `edited`: the owner changed it. `outdated`: its template changed. `config`: the
 * settings it was rendered with changed. `missing`: it should be there and is not.
 * `conflict`: conflict markers of a merge are still in it. `untracked`: the lock has
 * no entry for it. `newer`: a newer version than this one wrote it.
 */
export const DRIFT_KINDS = [
  "edited",
  "outdated",
  "config",
  "missing",
  "conflict",
  "untracked",
  "newer",
] as const;

export type DriftKind = (typeof DRIFT_KINDS)[number];

/** One file that is not in sync. */
export interface Drift {
  path: string;
  module: string;
  kinds: readonly DriftKind[];
  /** In words: what, and why. */
  reason: string;
}

/** What explains a file's drift besides its texts. */
export interface DriftContext {
  /** Whether the file is ours and the lock has lost it. */
  isUntracked: boolean;
  /** Whether its module is from a newer version than the templates at hand. */
  isNewer: boolean;
  /** The module's versions, when it was written and now. */
  versions: { before: string | undefined; now: string | undefined };
  /** The settings that changed since. */
  changedSettings: readonly string[];
}

/** The drift of one file; undefined when it is in sync. */
export function driftOf(
  file: FileFacts,
  context: DriftContext,
): Drift | undefined {
  const status = statusOf(file);
  const causes = [
    ...ownersCauses(status, context),
    ...templatesCauses(status, file, context),
  ];
  const kinds = new Set(causes.map(([kind]) => kind));
  return causes.length === 0
    ? undefined
    : {
        path: file.movedFrom ?? file.path,
        module: file.module,
        kinds: [...kinds],
        reason: causes.map(([, reason]) => reason).join("; "),
      };
}

type Cause = readonly [DriftKind, string];

/** What is the owner's doing, or the lock's. */
function ownersCauses(
  status: FileStatus,
  { isUntracked }: DriftContext,
): Cause[] {
  const causes: Cause[] = [];
  if (isUntracked)
    causes.push([
      "untracked",
      "adw.lock.json has no entry for it; update records it again",
    ]);
  if ("hasMarkers" in status && status.hasMarkers)
    causes.push(["conflict", "conflict markers are left in it"]);
  else if ("hasMarkers" in status) causes.push(["edited", "you edited it"]);
  return causes;
}

/** What an update changes. */
function templatesCauses(
  status: FileStatus,
  file: FileFacts,
  context: DriftContext,
): Cause[] {
  switch (status.kind) {
    case "new":
      return [["missing", "it is new; an update writes it"]];
    case "deleted":
      return [["missing", "you deleted it"]];
    case "orphaned":
    case "gone":
      return [
        context.isNewer
          ? [
              "newer",
              "a newer version wrote it, and this one has no template for it",
            ]
          : ["outdated", "no template renders it any more"],
      ];
    case "current":
    case "edited":
      return moveCauses(file, context);
    case "outdated":
    case "diverged":
    case "foreign":
      return [...moveCauses(file, context), whyChanged(context)];
    case "detached":
      return status.isOutdated
        ? [...moveCauses(file, context), whyChanged(context)]
        : moveCauses(file, context);
  }
}

function moveCauses(
  { path, movedFrom }: FileFacts,
  { isNewer, versions }: DriftContext,
): Cause[] {
  if (movedFrom === null) return [];
  const isMovedBySetting = versions.before === versions.now;
  const kind = isNewer ? "newer" : isMovedBySetting ? "config" : "outdated";
  return [[kind, `an update moves it to ${path}`]];
}

function whyChanged({
  versions: { before, now },
  changedSettings,
  isNewer,
}: DriftContext): Cause {
  const isOtherVersion = before !== undefined && before !== now;
  if (isNewer) {
    return [
      "newer",
      isOtherVersion
        ? `a newer version wrote it: ${before}, and this version has ${now}`
        : "a newer version wrote it",
    ];
  }
  if (changedSettings.length > 0 && before === now)
    return ["config", `settings changed since: ${changedSettings.join(", ")}`];
  return [
    "outdated",
    isOtherVersion
      ? `its template changed: ${before} → ${now}`
      : "its template changed",
  ];
}
