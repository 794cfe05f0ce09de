import { driftOf, type DriftContext } from "../../../src/domain/drift.ts";
import type { FileFacts } from "../../../src/domain/file-status.ts";
import { projectPath } from "../../../src/domain/paths.ts";

const SAME: DriftContext = {
  isUntracked: false,
  isNewer: false,
  versions: { before: "1.0.0", now: "1.0.0" },
  changedSettings: [],
};

function drift(
  facts: Pick<FileFacts, "base" | "disk" | "next"> & Partial<FileFacts>,
  context: Partial<DriftContext> = {},
) {
  const found = driftOf(
    {
      path: projectPath("adws/x.ts"),
      module: "x",
      source: "adws/x.ts",
      movedFrom: null,
      occupant: null,
      yours: facts.disk,
      isRecorded: facts.base !== null,
      isGenerated: false,
      isUpToDate: false,
      ...facts,
    },
    { ...SAME, ...context },
  );
  return found === undefined
    ? "in sync"
    : `${found.path}: ${found.kinds.join("+")}: ${found.reason}`;
}

const CURRENT = { base: "v1", disk: "v1", next: "v1" };
const OUTDATED = { base: "v1", disk: "v1", next: "v2" };
const EDITED = { base: "v1", disk: "mine", next: "v1" };
const DIVERGED = { base: "v1", disk: "mine", next: "v2" };
const ORPHANED = { base: "v1", disk: "v1", next: null };
const MOVED = { ...CURRENT, movedFrom: projectPath("old/x.ts") };
const LATER = { versions: { before: "1.0.0", now: "1.1.0" } };

test.each<[string, Parameters<typeof drift>, string]>([
  ["the same", [CURRENT], "in sync"],
  [
    "new",
    [{ base: null, disk: null, next: "v1" }],
    "adws/x.ts: missing: it is new; an update writes it",
  ],
  [
    "deleted",
    [{ ...CURRENT, disk: null }],
    "adws/x.ts: missing: you deleted it",
  ],
  ["edited", [EDITED], "adws/x.ts: edited: you edited it"],
  [
    "a template that changed",
    [OUTDATED],
    "adws/x.ts: outdated: its template changed",
  ],
  [
    "in a later version",
    [OUTDATED, LATER],
    "adws/x.ts: outdated: its template changed: 1.0.0 → 1.1.0",
  ],
  [
    "a setting that changed",
    [OUTDATED, { changedSettings: ["websocket_port"] }],
    "adws/x.ts: config: settings changed since: websocket_port",
  ],
  [
    "both",
    [DIVERGED],
    "adws/x.ts: edited+outdated: you edited it; its template changed",
  ],
  [
    "a newer version",
    [OUTDATED, { ...LATER, isNewer: true }],
    "adws/x.ts: newer: a newer version wrote it: 1.0.0, and this version has 1.1.0",
  ],
  [
    "lost by the lock",
    [CURRENT, { isUntracked: true }],
    "adws/x.ts: untracked: adw.lock.json has no entry for it; update records it again",
  ],
  [
    "moved by a setting",
    [MOVED],
    "old/x.ts: config: an update moves it to adws/x.ts",
  ],
  [
    "moved by a later version, and changed",
    [{ ...MOVED, next: "v2" }, LATER],
    "old/x.ts: outdated: an update moves it to adws/x.ts; its template changed: 1.0.0 → 1.1.0",
  ],
  [
    "rendered no more",
    [ORPHANED],
    "adws/x.ts: outdated: no template renders it any more",
  ],
  [
    "rendered by a newer version only",
    [ORPHANED, { isNewer: true }],
    "adws/x.ts: newer: a newer version wrote it, and this one has no template for it",
  ],
  [
    "an edited generated file",
    [{ ...EDITED, isGenerated: true }],
    "adws/x.ts: edited: you edited it",
  ],
])("%s", (_about, parameters, expected) => {
  expect(drift(...parameters)).toBe(expected);
});

test("conflict markers that are left stand for the edit", () => {
  const disk = "<<<<<<< yours\na\n=======\nb\n>>>>>>> new template\n";
  expect(drift({ ...DIVERGED, disk })).toBe(
    "adws/x.ts: conflict+outdated: conflict markers are left in it; its template changed",
  );
});
