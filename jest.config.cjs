/** Everything runs as CommonJS through swc, so that no experimental flag is needed. */
const slow = process.env.ADW_TEST_SLOW === "1";

// To read these certificates takes node half of its start, and the quick suites start it a
// thousand times. Only package managers go out; they get them back (see processes.ts).
const { NODE_EXTRA_CA_CERTS } = process.env;
if (!slow && NODE_EXTRA_CA_CERTS !== undefined) {
  process.env.ADW_EXTRA_CA_CERTS = NODE_EXTRA_CA_CERTS;
  delete process.env.NODE_EXTRA_CA_CERTS;
}

const swc = (parser) => [
  "@swc/jest",
  {
    jsc: {
      target: "es2022",
      parser: { syntax: "typescript", ...parser },
      transform: { react: { runtime: "automatic", importSource: "preact" } },
    },
    module: { type: "commonjs" },
    sourceMaps: "inline",
  },
];

module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  testMatch: [slow ? "**/*.slow.test.ts" : "**/*.test.ts"],
  testPathIgnorePatterns: slow
    ? ["/node_modules/"]
    : ["/node_modules/", "\\.slow\\.test\\.ts$"],
  transform: {
    "^.+\\.(t|j|mj)s$": swc({}),
    "^.+\\.tsx$": swc({ tsx: true }),
  },
  // As dashboard/tsconfig.json names the modules that the page shares.
  moduleNameMapper: {
    "^adw_modules/(.*)$": "<rootDir>/templates/adws/adw_modules/$1",
  },
  // Packages that ship ES modules only.
  transformIgnorePatterns: [
    "/node_modules/(?!(valibot|preact|@preact|package-manager-detector)/)",
  ],
  moduleFileExtensions: ["ts", "tsx", "js", "mjs", "cjs", "json"],
  setupFiles: ["<rootDir>/test/helpers/tsx/threads.cjs"],
  testTimeout: 60000,
  testSequencer: "<rootDir>/test/helpers/longest-first.cjs",
  workerThreads: false,
  maxWorkers: 2,
};
