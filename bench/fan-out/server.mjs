/** The measured process: one contender, told by its parent when to send. */
import { once } from "node:events";
import { createServer } from "node:net";
import { CONTENDERS } from "./contenders/index.mjs";

const [, , name, options] = process.argv;
const { start } = await CONTENDERS[name].load();
const contender = await start(JSON.parse(options));

/** Events that every client is known to have, in this run. */
let acknowledged = 0;
let onAcknowledged = () => undefined;
let eventsPerAcknowledgement = 1;

/** One byte on this connection acknowledges a number of events. */
const control = createServer({ noDelay: true }, (socket) => {
  socket.on("data", (chunk) => {
    acknowledged += chunk.length * eventsPerAcknowledgement;
    onAcknowledged();
  });
});
control.listen(0, "127.0.0.1");
await once(control, "listening");

let startedCpu;

/** Sends bursts, one a tick, for the given time; never too far ahead of the clients. */
async function send({
  burst,
  milliseconds,
  events = Infinity,
  ahead,
  acknowledgeEvery,
}) {
  acknowledged = 0;
  eventsPerAcknowledgement = acknowledgeEvery;
  let sent = 0;
  startedCpu = process.cpuUsage();
  const startedAt = performance.now();
  while (performance.now() - startedAt < milliseconds && sent < events) {
    if (sent + burst - acknowledged > ahead) {
      await new Promise((resolve) => {
        onAcknowledged = resolve;
      });
      continue;
    }
    for (let count = 0; count < burst; count += 1) contender.publish();
    contender.endTick();
    sent += burst;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  return { sent, startedAt: performance.timeOrigin + startedAt };
}

async function answer(request) {
  switch (request.type) {
    case "send":
      return send(request);
    case "cpu": {
      const { user, system } = process.cpuUsage(startedCpu);
      return { microseconds: user + system };
    }
    case "clients":
      return { count: contender.clientCount() };
    default:
      return process.exit(0);
  }
}

process.on("message", (request) => {
  void answer(request).then((result) => process.send(result));
});
process.send({ port: contender.port, controlPort: control.address().port });
