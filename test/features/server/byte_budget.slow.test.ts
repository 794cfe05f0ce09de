/** More events of the worst kind than one answer could ever hold. */
import { startDashboard } from "../../helpers/dashboard/server.ts";
import { dashboard } from "../../helpers/dashboard/modules.ts";
import { captureStderr, onCleanup } from "../../helpers/servers.ts";

const EVENT = {
  event_type: "event",
  agent_id: "a",
  message: "m",
  metadata: {},
  timestamp: "2026-01-01T00:00:00.000Z",
  log_type: "event",
  log_level: "info",
};

test("120 messages of 1 MB of control characters are answered within seconds, page by page", async () => {
  captureStderr();
  const history = dashboard.createMemoryHistory();
  for (let count = 0; count < 120; count += 1) {
    history.append?.({ ...EVENT, message: "\u0001".repeat(1_000_000) });
  }
  const page = await startDashboard({ history });
  onCleanup(() => page.stop());
  const from = performance.now();
  const response = await fetch(`${page.url}api/events`);
  expect(response.status).toBe(200);
  expect((await response.text()).length).toBeLessThan(9 * 1_048_576);
  expect(performance.now() - from).toBeLessThan(5_000);
});
