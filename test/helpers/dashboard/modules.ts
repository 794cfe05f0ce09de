/**
 * The rendered modules under test, with the default configuration: the one
 * place that knows where they are. `npm run build` and
 * `node scripts/render-samples.mjs` put them there.
 */
import { join } from "node:path";

const rendered = join(__dirname, "../../../build/rendered/default/adws");
export const dashboardDirectory = join(rendered, "adw_dashboard");

export type {
  EventHistory,
  NewEvent,
  SerializedEvent,
  WebSocketEvent,
} from "../../../build/rendered/default/adws/adw_modules/adw_websockets.ts";
export * as dashboard from "../../../build/rendered/default/adws/adw_modules/adw_dashboard.ts";
export * as websockets from "../../../build/rendered/default/adws/adw_modules/adw_websockets.ts";
