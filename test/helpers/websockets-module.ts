/** The rendered WebSocket server, as the tests load it. */
export * from "../../build/rendered/default/adws/adw_modules/adw_websockets.ts";
