import {
  changedBy,
  statusOf,
  type FileTexts,
} from "../../../src/domain/file-status.ts";

type Row = [
  about: string,
  texts: Pick<FileTexts, "base" | "disk" | "next"> & Partial<FileTexts>,
  kind: string,
  changedBy: string | undefined,
];

/** Unless a row says otherwise: recorded where there is a base, and not generated. */
const statusOfRow = (texts: Row[1]) =>
  statusOf({
    yours: texts.disk,
    isRecorded: texts.base !== null,
    isGenerated: false,
    ...texts,
  });

const MARKERS = "<<<<<<< yours\nmine\n=======\nv2\n>>>>>>> new template\n";

test.each<Row>([
  [
    "never written, not there",
    { base: null, disk: null, next: "v1" },
    "new",
    "missing",
  ],
  [
    "written, and deleted since",
    { base: "v1", disk: null, next: "v1" },
    "deleted",
    "deleted",
  ],
  [
    "as it was written",
    { base: "v1", disk: "v1", next: "v1" },
    "current",
    undefined,
  ],
  [
    "never written, and the same all the same",
    { base: null, disk: "v1", next: "v1" },
    "current",
    undefined,
  ],
  [
    "the owner made the change that the template made",
    { base: "v1", disk: "v2", next: "v2" },
    "current",
    undefined,
  ],
  [
    "another format only",
    { base: "v1", disk: "v 1", yours: "v1", next: "v1" },
    "current",
    undefined,
  ],
  [
    "the template changed",
    { base: "v1", disk: "v1", next: "v2" },
    "outdated",
    "template",
  ],
  [
    "the owner changed it",
    { base: "v1", disk: "mine", next: "v1" },
    "edited",
    "you",
  ],
  ["both did", { base: "v1", disk: "mine", next: "v2" }, "diverged", "both"],
  [
    "not written by us",
    { base: null, disk: "mine", next: "v1" },
    "foreign",
    "not_ours",
  ],
  [
    "a generated file that was edited",
    { base: "v1", disk: "mine", next: "v1", isGenerated: true },
    "detached",
    "you",
  ],
  [
    "the same, and the build changed it too",
    { base: "v1", disk: "mine", next: "v2", isGenerated: true },
    "detached",
    "both",
  ],
  [
    "edited, and only the hash of what was written is known",
    { base: null, disk: "mine", next: "v2", isRecorded: true },
    "detached",
    "both",
  ],
  [
    "no template renders it any more",
    { base: "v1", disk: "v1", next: null },
    "orphaned",
    undefined,
  ],
  [
    "the same, and it is not there any more",
    { base: "v1", disk: null, next: null },
    "gone",
    undefined,
  ],
])("%s: %j is %s", (_about, texts, kind, by) => {
  const status = statusOfRow(texts);
  expect(status.kind).toBe(kind);
  expect(changedBy(status)).toBe(by);
});

test("an orphan is known to be edited or not", () => {
  expect(statusOfRow({ base: "v1", disk: "v1", next: null })).toMatchObject({
    isEdited: false,
  });
  expect(statusOfRow({ base: "v1", disk: "mine", next: null })).toMatchObject({
    isEdited: true,
  });
});

test.each([
  ["edited", "v1", "v1"],
  ["diverged", "v1", "v2"],
  ["foreign", null, "v2"],
])("conflict markers are seen in a file that is %s", (kind, base, next) => {
  expect(statusOfRow({ base, disk: MARKERS, next })).toMatchObject({
    kind,
    hasMarkers: true,
  });
  expect(statusOfRow({ base, disk: "mine", next })).toMatchObject({
    kind,
    hasMarkers: false,
  });
});
