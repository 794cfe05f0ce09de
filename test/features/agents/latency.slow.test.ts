/** How soon what a hook says is on the stream. */
import { AgentsProject, claude } from "../../helpers/agents-project.ts";
import { EventClient } from "../../helpers/event-client.ts";

jest.setTimeout(60_000);

test("a payload is on the stream within 50 ms of its arrival", async () => {
  const project = new AgentsProject();
  await project.start();
  project.say(claude("SessionStart"));
  await project.eventsWhen((all) => all.length > 0);
  const client = new EventClient(project.url.replace("http", "ws"), {
    query: { token: project.token },
  });
  await client.established();
  const waits: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const from = performance.now();
    project.say(
      claude("Notification", {
        message: `n${String(round)}`,
        notification_type: "other",
      }),
    );
    while (client.events.length <= round)
      await new Promise((resolve) => setTimeout(resolve, 1));
    waits.push(performance.now() - from);
  }
  client.destroy();
  waits.sort((a, b) => a - b);
  expect(waits[10]).toBeLessThan(50);
});
