import { register } from "./esm/api/index.mjs";

register();
