/** The ledger's bounds: of memory, of times, of names that a payload chooses. */
import type { Act } from "../../../../templates/adws/adw_modules/adw_agents/act.ts";
import { mapClaudeHook } from "../../../../templates/adws/adw_modules/adw_agents/claude.ts";
import { mapCodexLine } from "../../../../templates/adws/adw_modules/adw_agents/codex.ts";
import { Ledger } from "../../../../templates/adws/adw_modules/adw_agents/ledger.ts";
import { Liveness } from "../../../../templates/adws/adw_modules/adw_agents/liveness.ts";
import {
  mapOpenCodeEvent,
  openCodeState,
} from "../../../../templates/adws/adw_modules/adw_agents/opencode.ts";
import {
  HOOK_SOURCES,
  mapPayload,
} from "../../../../templates/adws/adw_modules/adw_agents/sources.ts";
import { StoredLedger } from "../../../helpers/stored-ledger.ts";

const AT = Date.parse("2026-11-25T10:00:00.000Z");

const hook = (session_id: string, hook_event_name: string, at = 0): Act[] =>
  mapClaudeHook(
    { session_id, hook_event_name, prompt: "go", tool_name: "Bash" },
    { at: AT + at, id: `${session_id}${hook_event_name}${String(at)}` },
  );
const usage = (session: string, at: number): Act => ({
  type: "usage",
  source: "codex",
  lane: "otel",
  at: AT + at,
  session,
  agent: session,
  ids: [`response:${session}${String(at)}`],
  delivery: `${session}${String(at)}`,
  tokens: { input: at, output: 1, cacheRead: 0, cacheWrite: 0 },
});

describe("when there is no more room", () => {
  test("a session is dropped only after what has changed was told", () => {
    const stored = new StoredLedger();
    const ledger = new Ledger({ store: stored, maxEntries: 3 });
    const sessions = ["a", "b", "c", "d", "e", "f"];
    const prompts = () =>
      sessions.flatMap((id) => hook(id, "UserPromptSubmit"));
    const first = stored.take(ledger, prompts(), AT);
    expect(first.filter(({ type }) => type === "prompt")).toHaveLength(6);
    // All of it comes again: it is known.
    expect(stored.take(ledger, prompts(), AT)).toEqual([]);
  });

  test("a session whose request is not logged yet is kept", () => {
    const stored = new StoredLedger();
    const ledger = new Ledger({ store: stored, maxEntries: 3 });
    const acts = [1, 2, 3, 4, 5, 6].map((at) => usage(`s${String(at)}`, at));
    stored.take(ledger, acts, AT);
    const calls = ledger.settle(AT + 60_000);
    expect(
      calls.filter(
        (call) => call.type === "event" && call.event === "cost_update",
      ),
    ).toHaveLength(6);
  });
});

test("a request is logged within seconds, though the clock is set back", () => {
  const ledger = new Ledger();
  ledger.take(usage("s", 0), AT);
  expect(ledger.settle(AT + 1_000)).toEqual([]);
  expect(ledger.settle(AT - 3_600_000)).toMatchObject([
    { type: "event", event: "cost_update" },
  ]);
});

describe("a time that cannot be", () => {
  test.each([1e24, Infinity, NaN, -1, AT + 9e9])(
    "%p is taken for now",
    (at) => {
      const acts = hook("s", "UserPromptSubmit").map((act) => ({ ...act, at }));
      const calls = new Ledger().take(acts[0] ?? usage("s", 0), AT);
      expect(calls).not.toEqual([]);
      for (const call of calls) expect(call.at).toBe(AT);
    },
  );

  test("a clock that runs ahead does not freeze the status", () => {
    const ledger = new Ledger();
    const all = [
      ...hook("s", "UserPromptSubmit", 9e9),
      ...hook("s", "Stop", 1_000),
    ].flatMap((act) => ledger.take(act, AT + 1_000));
    expect(
      all.flatMap((call) => (call.type === "status" ? [call.status] : [])),
    ).toEqual(["executing", "idle"]);
  });
});

describe.each(["constructor", "toString", "__proto__", "hasOwnProperty"])(
  "a name that every object has, %s,",
  (name) => {
    const delivery = { at: AT, id: "d" };
    test.each(HOOK_SOURCES)("is an unknown hook of %s", (source) => {
      const payload = { session_id: "s", hook_event_name: name };
      expect(mapPayload(source, payload, delivery)).toMatchObject([
        { type: "other" },
      ]);
    });

    test.each(["claude-code", "codex", "gemini-cli", "somebody"])(
      "is an unknown event of %s",
      (service) => {
        const stringValue = (key: string, text: string) => ({
          key,
          value: { stringValue: text },
        });
        const payload = {
          resourceLogs: [
            {
              resource: { attributes: [stringValue("service.name", service)] },
              scopeLogs: [
                {
                  logRecords: [
                    {
                      attributes: [
                        stringValue("event.name", name),
                        stringValue("session.id", "s"),
                        stringValue("conversation.id", "s"),
                      ],
                    },
                  ],
                },
              ],
            },
          ],
        };
        expect(mapPayload("otel", payload, delivery)).toMatchObject([
          { type: "other", name },
        ]);
      },
    );

    test("is an unknown line, an unknown event of a stream, an unknown program", () => {
      const file = { session: "s", agent: "s" };
      const line = { type: "event_msg", payload: { type: name } };
      expect(mapCodexLine(line, delivery, file)).toMatchObject([
        { type: "other", name },
      ]);
      expect(
        mapOpenCodeEvent({ type: name }, delivery, openCodeState()),
      ).toMatchObject([{ type: "other", name }]);
      const liveness = new Liveness(() => [{ command: "x", cwd: "/" }]);
      const ledger = new Ledger({ isAlive: liveness.isAlive });
      for (const act of hook("s", "UserPromptSubmit"))
        ledger.take({ ...act, source: name }, AT);
      expect(ledger.settle(AT + 700_000)).toEqual([]);
    });
  },
);
