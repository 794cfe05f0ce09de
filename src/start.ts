/** What the tool's command starts: the smallest file in front of the rest. */
import { loadCompiled } from "./compile-cache.ts";

loadCompiled(`${__dirname}/cli/main.cjs`);
