import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { answerEvents } from "../../../../build/rendered/default/adws/adw_modules/adw_dashboard/events_api.ts";

test("lines are at their end when their reader goes while the next are read", async () => {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  let reads = 0;
  const read = (since: number) => {
    reads += 1;
    response.destroy();
    const row = { event_type: "x", agent_id: "a", log_level: "info" };
    return [{ ...row, seq: since + 1, json: "{}" }];
  };
  const history = { streamId: "s", firstSeq: 1, lastSeq: 9, read };
  const answer = answerEvents({ source: () => ({ history }) });
  await answer(request, response, new URLSearchParams("format=ndjson"));
  expect(reads).toBe(1);
});
