/** The rendered server, through its public interface, with keepalive out of the way. */
import { pathToFileURL } from "node:url";
import { AGENT_ID, EVENT_TYPE, MESSAGE, METADATA } from "../event.mjs";

export async function start({ module, maxClients }) {
  const { broadcastAgentEvent, startServer } = await import(
    pathToFileURL(module).href
  );
  const { manager, port } = await startServer({
    port: 0,
    maxConnections: maxClients,
    // The clients of the benchmark answer no pings.
    pingIntervalMs: Infinity,
    idleTimeoutMs: Infinity,
  });
  return {
    port,
    publish: () =>
      void broadcastAgentEvent(
        manager,
        AGENT_ID,
        EVENT_TYPE,
        MESSAGE,
        METADATA,
      ),
    endTick: () => undefined,
    clientCount: () => manager.connections.size,
  };
}
