/**
 * The servers that are compared. Each module exports
 * `start(options) → { port, publish(), endTick(), clientCount() }`; `publish` sends
 * one event to every client, `endTick` ends the events of one tick.
 *
 * `handshake` tells the client process how to become a client, and `greeting` how
 * many messages come before the first event.
 */
export const CONTENDERS = {
  adw: {
    title: "adw_websockets",
    handshake: "websocket",
    greeting: 1, // connection_established
    load: () => import("./adw.mjs"),
  },
  raw: {
    title: "raw TCP",
    handshake: "none",
    greeting: 0,
    load: () => import("./raw-tcp.mjs"),
  },
  "raw-coalesced": {
    title: "raw TCP, coalesced",
    handshake: "none",
    greeting: 0,
    load: () => import("./raw-tcp-coalesced.mjs"),
  },
  ws: {
    title: "plain ws",
    handshake: "websocket",
    greeting: 0,
    load: () => import("./plain-ws.mjs"),
  },
  "socket.io": {
    title: "socket.io",
    handshake: "socket.io",
    greeting: 2, // Engine.IO's open packet, Socket.IO's connect packet
    load: () => import("./socket-io.mjs"),
  },
};
