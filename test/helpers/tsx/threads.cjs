/** The threads that a suite starts read TypeScript as its processes do (see hooks.mjs). */
const { pathToFileURL } = require("node:url");

if (!process.features.typescript)
  process.execArgv.push(
    `--import=${pathToFileURL(`${__dirname}/loader.mjs`).href}`,
  );
