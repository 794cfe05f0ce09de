/**
 * Prompts and their answers: what an agent was asked, and how its turn ended.
 *
 * Template: adw_agents 1.3.0
 */
import type { ActOf, Agent, Journal } from "./journal.ts";
import { digest } from "./joiner.ts";
import type { Entry, Joiner, Look } from "./joiner.ts";
import { promptId } from "./restore.ts";
import type { Waits } from "./waits.ts";

/** Of one agent, so many prompts are open at a time; the oldest give way. */
const MAX_OPEN = 200;

export class Turns {
  readonly #joiner: Joiner;
  readonly #journal: Journal;
  readonly #waits: Waits;

  constructor(joiner: Joiner, journal: Journal, waits: Waits) {
    this.#joiner = joiner;
    this.#journal = journal;
    this.#waits = waits;
  }

  take(agent: Agent, act: ActOf<"prompt">): void {
    const look: Look = [
      "",
      act.text === undefined ? undefined : digest(act.text),
    ];
    const entry = this.#joiner.join("prompt", act, look);
    if (entry.logged.has("start")) return;
    entry.logged.add("start");
    const id = promptId(entry, act);
    entry.ids.add(`row:${id}`);
    this.#journal.log(agent, act.at, {
      type: "prompt",
      id,
      text: act.text ?? "",
    });
    this.#waits.end(
      agent,
      act.at,
      undefined,
      ({ entry: { at } }) => at <= act.at,
    );
    agent.prompts.add(entry);
    const [oldest] = agent.prompts;
    if (agent.prompts.size > MAX_OPEN && oldest !== undefined)
      agent.prompts.delete(oldest);
    const { turn } = agent;
    // Its end came before it.
    if (turn !== undefined && !turn.isTaken && act.at <= turn.at) {
      turn.isTaken = true;
      this.#endPrompt(agent, entry, turn.at, "completed", turn.text);
    }
  }

  #endPrompt(
    agent: Agent,
    entry: Entry,
    at: number,
    status: "completed" | "failed" | "cancelled",
    response?: string,
    error?: string,
  ): void {
    agent.prompts.delete(entry);
    if (entry.logged.has("end")) return;
    entry.logged.add("end");
    const row = [...entry.ids].find((id) => id.startsWith("row:")) ?? "row:";
    const id = row.slice("row:".length);
    this.#journal.log(agent, at, {
      type: "prompt_result",
      id,
      status,
      response,
      error,
    });
  }

  /** Ends the prompts from before; the last of them has the answer. */
  end(
    agent: Agent,
    at: number,
    text: string | undefined,
    status: "completed" | "failed" | "cancelled",
    error?: string,
  ): void {
    const open = [...agent.prompts].filter((entry) => entry.at <= at);
    for (const entry of open) {
      const isLast = entry === open.at(-1);
      this.#endPrompt(
        agent,
        entry,
        at,
        status,
        isLast ? text : undefined,
        error,
      );
    }
    if (agent.turn === undefined || at >= agent.turn.at)
      agent.turn = {
        at,
        text,
        isTaken: open.length > 0 || agent.turn?.at === at,
      };
    this.#waits.end(agent, at, undefined, ({ entry }) => entry.at < at);
  }
}
