/** How a file differs from what would be rendered now, and whose doing it is. */

/**
 * `edited`: the owner changed it. `outdated`: its template changed. `config`: the
 * settings it was rendered with changed. `missing`: it should be there and is not.
 * `conflict`: conflict markers of a merge are still in it. `untracked`: the lock has
 * no entry for it. `newer`: a newer version than this one wrote it.
 */
export type DriftKind =
  | "edited"
  | "outdated"
  | "config"
  | "missing"
  | "conflict"
  | "untracked"
  | "newer";

export const DRIFT_KINDS: readonly DriftKind[] = [
  "edited",
  "outdated",
  "config",
  "missing",
  "conflict",
  "untracked",
  "newer",
];

/** One file that is not in sync. */
export interface Drift {
  path: string;
  module: string;
  kinds: readonly DriftKind[];
  /** In words: what, and why. */
  reason: string;
}

/** What is known of one file. */
export interface DriftFacts {
  path: string;
  module: string;
  exists: boolean;
  /** Whether the lock knows it: if not, it was never written. */
  known: boolean;
  /** Whether it is ours and the lock has lost it. */
  untracked: boolean;
  /** Whether its module is from a newer version than the templates at hand. */
  newer: boolean;
  /** Where an update moves the file; null when it stays. */
  movesTo: string | null;
  edited: boolean;
  /** Whether its text would come out differently now. */
  changed: boolean;
  hasMarkers: boolean;
  /** Why it would: the module's versions, then and now. */
  versions: { before: string | undefined; now: string };
  /** Why it would: the settings that changed since. */
  changedSettings: readonly string[];
}

/** The drift of one file; undefined when it is in sync. */
export function driftOf(facts: DriftFacts): Drift | undefined {
  const { path, module, exists, edited, changed, hasMarkers } = facts;
  if (!exists) {
    return {
      path,
      module,
      kinds: ["missing"],
      reason: facts.known ? "you deleted it" : "it is new; an update writes it",
    };
  }
  const kinds: DriftKind[] = [];
  const reasons: string[] = [];
  if (facts.untracked) {
    kinds.push("untracked");
    reasons.push("adw.lock.json has no entry for it; update records it again");
  }
  if (hasMarkers) {
    kinds.push("conflict");
    reasons.push("conflict markers are left in it");
  } else if (edited) {
    kinds.push("edited");
    reasons.push("you edited it");
  }
  if (facts.movesTo !== null) {
    const settingMovesIt = facts.versions.before === facts.versions.now;
    kinds.push(facts.newer ? "newer" : settingMovesIt ? "config" : "outdated");
    reasons.push(`an update moves it to ${facts.movesTo}`);
  }
  if (changed) {
    const { kind, reason } = whyChanged(facts);
    if (!kinds.includes(kind)) kinds.push(kind);
    reasons.push(reason);
  }
  if (kinds.length === 0) return undefined;
  return { path, module, kinds, reason: reasons.join("; ") };
}

function whyChanged({ versions, changedSettings, newer }: DriftFacts): {
  kind: DriftKind;
  reason: string;
} {
  const { before, now } = versions;
  if (newer) {
    return {
      kind: "newer",
      reason:
        before === undefined || before === now
          ? "a newer version wrote it"
          : `a newer version wrote it: ${before}, and this version has ${now}`,
    };
  }
  if (changedSettings.length > 0 && before === now) {
    return {
      kind: "config",
      reason: `settings changed since: ${changedSettings.join(", ")}`,
    };
  }
  return {
    kind: "outdated",
    reason:
      before === undefined || before === now
        ? "its template changed"
        : `its template changed: ${before} → ${now}`,
  };
}
