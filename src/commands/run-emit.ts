/** What `adw-scaffold emit` does. */
import { text } from "node:stream/consumers";
import { putEvents, readEvents } from "../application/emit.ts";
import { shownPath, spoolFolder } from "../application/hooks/places.ts";
import { surroundingsOf } from "../application/hooks/surroundings.ts";
import { UsageError } from "../domain/errors.ts";
import { attemptFor } from "../infrastructure/emit-attempts.ts";
import type { ParsedCommand, Run } from "./command.ts";
import { givenFolder, nearestProject } from "./context.ts";

/** No server is needed: the next one that starts takes it. */
export const runEmit: Run = async (parsed, context) => {
  const { values } = parsed;
  const given = givenEvent(parsed);
  if (given === undefined && context.stdin.isTTY) {
    throw new UsageError("emit needs an event", {
      hint: `Like this: adw-scaffold emit --event-type deploy_done --agent-id ci`,
    });
  }
  const input = given ?? (await text(context.stdin));
  const { config } = values;
  const folder = givenFolder(parsed, context);
  const surroundings = await surroundingsOf(
    folder,
    context.env,
    typeof config === "string" ? config : undefined,
  );
  nearestProject(folder, parsed, context);
  const spool = spoolFolder(surroundings);
  const attempt = attemptFor(spool, input);
  const events = readEvents(input, attempt);
  const isDry = values["dry-run"] === true;
  if (!isDry) await putEvents(spool, events, attempt);
  const shown = shownPath(spool, surroundings);
  const count = `${String(events.length)} ${events.length === 1 ? "event" : "events"}`;
  context.stdout.write(
    values["json"] === true
      ? `${JSON.stringify({ command: "emit", dry_run: isDry, target: surroundings.root, spool: shown, events: events.map(({ idempotency_key }) => idempotency_key) })}\n`
      : `${count} ${isDry ? "would be put" : "put"} into ${shown}\n`,
  );
  return 0;
};

/** The event that the options describe, as JSON; undefined where there are none. */
function givenEvent({ values }: ParsedCommand): string | undefined {
  const event = {
    event_type: values["event-type"],
    agent_id: values["agent-id"],
    message: values["message"],
  };
  if (typeof event.event_type === "string") return JSON.stringify(event);
  for (const name of ["agent-id", "message"]) {
    if (values[name] === undefined) continue;
    throw new UsageError(`--${name} needs --event-type`, {
      hint: "Without --event-type, the event is read from standard input.",
    });
  }
  return undefined;
}
