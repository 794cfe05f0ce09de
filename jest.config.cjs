/** Everything runs as CommonJS through swc, so that no experimental flag is needed. */
const slow = process.env.ADW_TEST_SLOW === "1";

module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  testMatch: [slow ? "**/*.slow.test.ts" : "**/*.test.ts"],
  testPathIgnorePatterns: slow
    ? ["/node_modules/"]
    : ["/node_modules/", "\\.slow\\.test\\.ts$"],
  transform: {
    "^.+\\.(t|j|mj)s$": [
      "@swc/jest",
      {
        jsc: {
          target: "es2022",
          parser: { syntax: "typescript" },
        },
        module: { type: "commonjs" },
        sourceMaps: "inline",
      },
    ],
  },
  // Packages that ship ES modules only.
  transformIgnorePatterns: [
    "/node_modules/(?!(valibot|preact|@preact|htm|package-manager-detector)/)",
  ],
  moduleFileExtensions: ["ts", "js", "mjs", "cjs", "json"],
  testTimeout: 60000,
  workerThreads: false,
  maxWorkers: 2,
};
