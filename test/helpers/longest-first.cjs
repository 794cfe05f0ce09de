/**
 * The suites that take longest come first, so that no worker is left with one of them
 * while the others have nothing more to do. Jest by itself goes by the size of a file
 * where it has no times of an earlier run, as in a fresh clone.
 */
const { default: Sequencer } = require("@jest/test-sequencer");

const LONGEST = [
  "dashboard/browser",
  "update/kill",
  "doctor/checks",
  "dashboard/connection",
  "dashboard/timeline",
  "dashboard/sessions",
  "dashboard/page",
  "log/logging",
  "package/package",
  "log/writers",
  "package/install",
  "watch/serve",
  "watch/once",
  "dashboard/source",
  "commands/cli",
  "init/host-files",
  "agents/spool",
  "hooks/hooks",
];

function rank({ path }) {
  const at = LONGEST.findIndex((name) => path.endsWith(`${name}.test.ts`));
  return at === -1 ? LONGEST.length : at;
}

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
};
