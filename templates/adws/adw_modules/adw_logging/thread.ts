/**
 * The thread that writes: takes rows, waits for locks and disks, and tells what
 * came of them. It has no event loop to hold up.
 *
 * Template: adw_logging 1.2.0, rendered by adw-scaffold.
 * Needs:    nothing but Node >= 20.19.
 * Update:   npx adw-scaffold update
 */
import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { ACTIVITY, RUNNING, STARTING, STATE, WORK } from "./signals.ts";
import type { ThreadData } from "./signals.ts";
import { RowWriter } from "./writer.ts";
import type { WriterCommand } from "./writer.ts";

const { path, port, signals } = workerData as ThreadData;

const writer = new RowWriter(path, (message) => {
  port.postMessage(message);
  Atomics.add(signals, ACTIVITY, 1);
  Atomics.notify(signals, ACTIVITY);
});

function work(): void {
  for (;;) {
    // Before looking: what comes after this look ends the wait below at once.
    const seen = Atomics.load(signals, WORK);
    for (;;) {
      const received = receiveMessageOnPort(port);
      if (received === undefined) break;
      const command = received.message as WriterCommand;
      writer.handle(command);
      if (command.type === "close") return;
    }
    const wait = writer.step();
    if (wait > 0) Atomics.wait(signals, WORK, seen, wait);
  }
}

// The other side may have stopped waiting, and write by itself.
if (Atomics.compareExchange(signals, STATE, STARTING, RUNNING) === STARTING) {
  work();
}
port.close();
