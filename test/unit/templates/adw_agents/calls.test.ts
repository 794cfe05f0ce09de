/** A call whose end says nothing of how it ended, and a ledger that goes meanwhile. */
import { mapCodexHook } from "../../../../templates/adws/adw_modules/adw_agents/codex.ts";
import { Ledger } from "../../../../templates/adws/adw_modules/adw_agents/ledger.ts";
import { StoredLedger } from "../../../helpers/stored-ledger.ts";

const AT = Date.parse("2026-11-25T10:00:00.000Z");
const call = {
  session_id: "s",
  tool_name: "Bash",
  tool_input: { command: "ls" },
  tool_use_id: "t1",
};
const hook = (hook_event_name: string, at: number, more: object = {}) =>
  mapCodexHook(
    { ...call, hook_event_name, ...more },
    { at: AT + at, id: `${hook_event_name}${String(at)}` },
  );
const acts = [
  ...hook("PreToolUse", 0),
  ...hook("PostToolUse", 500, { tool_response: { kind: "file", session: 1 } }),
];

test("the end of a Codex call survives its ledger", () => {
  const stored = new StoredLedger();
  stored.take(new Ledger({ store: stored }), acts);
  const next = new Ledger({ store: stored });
  next.recall("s");
  const calls = next.settle(AT + 60_000);
  expect(calls).toMatchObject([
    {
      type: "event",
      event: "tool_call",
      at: AT + 500,
      details: {
        tool_use_id: "t1",
        duration_ms: 500,
        tool_output: { kind: "file", session: 1 },
      },
    },
  ]);
  stored.keep(next);
  const third = new Ledger({ store: stored });
  third.recall("s");
  expect(third.settle(AT + 120_000)).toEqual([]);
});

test("a session that is dropped before its vague end is logged tells it once when it is back", () => {
  const stored = new StoredLedger();
  const ledger = new Ledger({ store: stored });
  stored.take(ledger, acts);
  ledger.forget("s");
  expect(ledger.settle(AT + 10_000)).toEqual([]);
  ledger.recall("s");
  expect(ledger.settle(AT + 20_000)).toHaveLength(1);
});

test("a vague end is logged though the clock is set back", () => {
  const stored = new StoredLedger();
  const ledger = new Ledger({ store: stored });
  stored.take(ledger, acts);
  expect(ledger.settle(AT - 3_600_000)).toHaveLength(1);
});
