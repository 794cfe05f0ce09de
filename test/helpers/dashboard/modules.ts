/**
 * The rendered modules under test, with the default configuration: the one
 * place that knows where they are. `npm run build` and
 * `node scripts/render-samples.mjs` put them there.
 */
import { join } from "node:path";

const rendered = join(__dirname, "../../../build/rendered/default/adws");
export const dashboardDirectory = join(rendered, "adw_dashboard");
export const packagesDirectory = join(__dirname, "../../../node_modules");

export type {
  EventHistory,
  NewEvent,
  SerializedEvent,
  WebSocketEvent,
} from "../../../build/rendered/default/adws/adw_modules/adw_websockets.ts";
export * as dashboard from "../../../build/rendered/default/adws/adw_modules/adw_dashboard.ts";
export * as websockets from "../../../build/rendered/default/adws/adw_modules/adw_websockets.ts";
export * as eventStore from "../../../build/rendered/default/adws/adw_dashboard/core/event_store.js";
export * as eventsRequest from "../../../build/rendered/default/adws/adw_dashboard/io/events_request.js";
export * as exportText from "../../../build/rendered/default/adws/adw_dashboard/core/export_text.js";
export * as filter from "../../../build/rendered/default/adws/adw_dashboard/core/filter.js";
export * as fleet from "../../../build/rendered/default/adws/adw_dashboard/core/fleet.js";
export * as format from "../../../build/rendered/default/adws/adw_dashboard/core/format.js";
export * as lanes from "../../../build/rendered/default/adws/adw_dashboard/core/lanes.js";
export * as logIndex from "../../../build/rendered/default/adws/adw_dashboard/core/log_index.js";
export * as mask from "../../../build/rendered/default/adws/adw_dashboard/core/mask.js";
export * as needsYou from "../../../build/rendered/default/adws/adw_dashboard/core/needs_you.js";
export * as replay from "../../../build/rendered/default/adws/adw_dashboard/core/replay.js";
export * as state from "../../../build/rendered/default/adws/adw_dashboard/state.js";
export * as timeAxis from "../../../build/rendered/default/adws/adw_dashboard/core/time_axis.js";
export * as urlState from "../../../build/rendered/default/adws/adw_dashboard/core/url_state.js";
