/** A project of its own with the server running in it, to tell it what agents say. */
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./program.ts";
import type { Program } from "./program.ts";
import { copyRendered, loadRendered } from "./rendered-modules.ts";

const { openDatabase } = loadRendered("adw_modules/adw_database");

export interface Event {
  seq: number;
  event_type: string;
  agent_id: string;
  message: string;
  metadata: Record<string, unknown>;
  timestamp: string;
  session_id?: string;
  project?: string;
  source?: string;
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  while (cleanups.length > 0) await cleanups.pop()?.();
});

export class AgentsProject {
  readonly adwsDir: string;
  /** Stands for the user's home. */
  readonly home: string;
  readonly database: string;
  readonly token = "read-token-for-tests";
  readonly ingestToken = "ingest-token-for-tests";
  program: Program | undefined;
  url = "";

  /** @param shared what it has in common with another one */
  constructor(
    shared: { adwsDir?: string; home?: string; database?: string } = {},
  ) {
    const copy = shared.adwsDir === undefined ? copyRendered() : undefined;
    this.adwsDir = shared.adwsDir ?? copy?.adwsDir ?? "";
    this.home = shared.home ?? mkdtempSync(join(tmpdir(), "adw-home-"));
    this.database = shared.database ?? join(this.home, "log.db");
    cleanups.push(() => {
      copy?.remove();
      rmSync(this.home, { recursive: true, force: true });
    });
    cleanups.push(() => this.kill());
  }

  get spool(): string {
    return join(this.adwsDir, ".adw_spool");
  }

  async start(env: Record<string, string> = {}): Promise<void> {
    const args = ["--port", "0", "--database", this.database];
    this.program = run([join(this.adwsDir, "adw_server.ts"), ...args], {
      HOME: this.home,
      ADW_TOKEN: this.token,
      ADW_INGEST_TOKEN: this.ingestToken,
      CLAUDE_CONFIG_DIR: "",
      CODEX_HOME: "",
      ...env,
    });
    const [, url = ""] = await this.program.printed(
      /Open +(http:\/\/[^/]+)\/.*\n[^]*stops the server\.\n/,
    );
    this.url = url;
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.program?.child.kill(signal);
    await this.program?.exited;
    this.program = undefined;
  }

  /** As a hook does it: a file under tmp/, renamed into new/. */
  say(payload: unknown, at = Date.now(), source = "claude"): void {
    said += 1;
    const name = `${source}.${String(process.pid)}-${String(said)}`;
    const draft = join(this.spool, "tmp", name);
    writeFileSync(
      draft,
      typeof payload === "string" ? payload : `${JSON.stringify(payload)}\n`,
    );
    utimesSync(draft, at / 1_000, at / 1_000);
    renameSync(draft, join(this.spool, "new", name));
  }

  post(
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${this.ingestToken}`,
        "content-type": "application/json",
        ...headers,
      },
      body:
        typeof body === "string" || body instanceof Uint8Array
          ? new Uint8Array(Buffer.from(body))
          : JSON.stringify(body),
    });
  }

  /** The events in the database. */
  events(): Event[] {
    const database = openDatabase({ path: this.database });
    try {
      return database.events
        .read(0, 100_000)
        .map(({ json }): Event => JSON.parse(json));
    } finally {
      database.close();
    }
  }

  /** The events once they fulfil the condition. */
  async eventsWhen(condition: (events: Event[]) => boolean): Promise<Event[]> {
    const deadline = performance.now() + 40_000;
    for (;;) {
      const events = this.events();
      if (condition(events)) return events;
      if (performance.now() > deadline)
        throw new Error(
          `never became true: ${JSON.stringify(events.slice(-20), null, 1)}\n${String(this.program?.stderr())}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  left(part = "new"): string[] {
    return readdirSync(join(this.spool, part));
  }

  read(name: string): string {
    return readFileSync(join(this.adwsDir, name), "utf8");
  }
}
let said = 0;

/** A hook's payload of Claude Code. */
export function claude(
  hook_event_name: string,
  fields: Record<string, unknown> = {},
): Record<string, unknown> {
  return { session_id: "s1", cwd: "/home/me/shop", hook_event_name, ...fields };
}

export const ofType = (events: readonly Event[], type: string): Event[] =>
  events.filter(({ event_type }) => event_type === type);
