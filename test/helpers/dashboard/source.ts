/** The source of the dashboard under test, by the names that tests use. */
export type { AgentEvent as WebSocketEvent } from "../../../dashboard/src/core/types.ts";
export * as eventStore from "../../../dashboard/src/core/event_store.ts";
export * as eventsRequest from "../../../dashboard/src/io/events_request.ts";
export * as exportText from "../../../dashboard/src/core/export_text.ts";
export * as filter from "../../../dashboard/src/core/filter.ts";
export * as fleet from "../../../dashboard/src/core/fleet.ts";
export * as fleetFold from "../../../dashboard/src/core/fleet_fold.ts";
export * as format from "../../../dashboard/src/core/format.ts";
export * as lanes from "../../../dashboard/src/core/lanes.ts";
export * as logIndex from "../../../dashboard/src/core/log_index.ts";
export * as mask from "../../../dashboard/src/core/mask.ts";
export * as needsYou from "../../../dashboard/src/core/needs_you.ts";
export * as replay from "../../../dashboard/src/core/replay.ts";
export * as state from "../../../dashboard/src/state.ts";
export * as timeAxis from "../../../dashboard/src/core/time_axis.ts";
export * as urlState from "../../../dashboard/src/core/url_state.ts";
