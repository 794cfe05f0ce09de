import type { Act } from "../../templates/adws/adw_modules/adw_agents/act.ts";
import type {
  Ledger,
  LedgerStore,
  LogCall,
} from "../../templates/adws/adw_modules/adw_agents/ledger.ts";

/** What a ledger has told to store, as the next one finds it. */
export class StoredLedger implements LedgerStore {
  readonly #sessions = new Map<string, Map<string, string>>();

  /** Gives the ledger one batch of acts, and stores what has changed. */
  take(ledger: Ledger, acts: readonly Act[], now?: number): LogCall[] {
    const calls =
      now === undefined
        ? acts.flatMap((act) => ledger.take(act, act.at))
        : ledger.takeAll(acts, now);
    this.keep(ledger);
    return calls;
  }

  keep(ledger: Ledger): void {
    for (const { session, key, state } of ledger.changes()) {
      const states = this.#sessions.get(session) ?? new Map<string, string>();
      this.#sessions.set(session, states);
      if (state === undefined) states.delete(key);
      else states.set(key, state);
    }
  }

  load(session: string) {
    return Array.from(this.#sessions.get(session) ?? [], ([key, state]) => ({
      key,
      state,
    }));
  }

  sessionsOf(keys: readonly string[]): string[] {
    return Array.from(this.#sessions.keys()).filter((session) =>
      keys.some((key) => this.#sessions.get(session)?.has(key)),
    );
  }
}
