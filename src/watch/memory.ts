/** The sessions of the agents, from their transcripts alone: nothing is written. */
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import {
  Follower,
  Ledger,
  maskAct,
  readPrices,
  TRANSCRIPTS,
} from "rendered/adw_modules/adw_agents.ts";
import { OpenCodeDatabase } from "rendered/adw_modules/adw_agents/opencode_database.ts";
import type {
  AgentSession,
  AgentsProgress,
  LogCall,
} from "rendered/adw_modules/adw_agents.ts";

interface Known extends AgentSession {
  parent: string | undefined;
  costs: Set<string>;
}

export async function readSessions(options: {
  since: number;
  onProgress?: ((progress: AgentsProgress) => void) | undefined;
  report?: ((problem: string) => void) | undefined;
}): Promise<AgentSession[]> {
  const prices = readPrices(new URL("../prices.json", import.meta.url));
  const ledger = new Ledger({ prices });
  const agents = new Map<string, Known>();
  const take = (calls: readonly LogCall[]) => {
    for (const call of calls) note(agents, call);
  };
  const home = homedir();
  const env = (name: string) => process.env[name] ?? "";
  const places = [
    {
      kind: TRANSCRIPTS.claude,
      folder: join(
        env("CLAUDE_CONFIG_DIR") || join(home, ".claude"),
        "projects",
      ),
    },
    {
      kind: TRANSCRIPTS.codex,
      folder: join(env("CODEX_HOME") || join(home, ".codex"), "sessions"),
    },
    {
      kind: TRANSCRIPTS.gemini,
      folder: join(env("GEMINI_CLI_HOME") || home, ".gemini", "tmp"),
    },
  ];
  const files = new Set<string>();
  for (const { kind, folder } of places) {
    const follower = new Follower({
      folder,
      fileOf: kind.fileOf,
      since: options.since,
      take: (line, path, state) => {
        files.add(path);
        const delivery = { at: 0, id: line.id };
        for (const act of kind.mapLine(line.value, delivery, state))
          take(ledger.take(maskAct(act), Date.now()));
      },
      ...(options.report === undefined ? {} : { report: options.report }),
    });
    await follower.look();
  }
  const data = env("XDG_DATA_HOME") || join(home, ".local", "share");
  await new OpenCodeDatabase({
    path: join(data, "opencode", "opencode.db"),
    since: options.since,
    take: (acts) => {
      for (const act of acts) take(ledger.take(maskAct(act), Date.now()));
    },
  }).look();
  options.onProgress?.({
    files: files.size,
    filesInAll: files.size,
    bytes: 0,
    bytesInAll: 0,
  });
  take(ledger.settle(Date.now() + 20_000));
  return [...agents.values()]
    .filter(({ parent }) => parent === undefined)
    .map(({ parent: _parent, costs: _costs, ...session }) => session)
    .toSorted((a, b) => (a.last_activity < b.last_activity ? 1 : -1));
}

function note(agents: Map<string, Known>, call: LogCall): void {
  const at = new Date(call.at).toISOString();
  const id = call.session;
  const known: Known = agents.get(id) ?? {
    session_id: id,
    source: "",
    project: null,
    cwd: null,
    branch: null,
    model: null,
    title: null,
    status: "initializing",
    started_at: at,
    last_activity: at,
    subagents: 0,
    tokens_input: 0,
    tokens_output: 0,
    tokens_cache_read: 0,
    tokens_cache_write: 0,
    cost_usd: null,
    cost_source: "unknown",
    parent: undefined,
    costs: new Set(),
  };
  agents.set(id, known);
  if (at < known.started_at) known.started_at = at;
  if (at > known.last_activity) known.last_activity = at;
  const isMain = call.agent === call.session;
  const learn = (details: Readonly<Record<string, unknown>>) => {
    for (const key of ["cwd", "branch", "title", "model"] as const) {
      const value = details[key];
      if (typeof value === "string" && isMain) known[key] = value;
    }
    if (known.cwd !== null)
      known.project = basename(known.cwd) || dirname(known.cwd);
  };
  if (call.type === "agent") {
    if (isMain) {
      known.source = String(call.details["source"]);
      if (call.parent !== undefined) known.parent = call.parent;
    } else known.subagents += 1;
    learn({ ...call.details, model: call.model });
  } else if (call.type === "status" && isMain) known.status = call.status;
  else if (call.type === "event") {
    if (call.event === "agent_updated" || call.event === "model_changed")
      learn(call.details);
    if (call.event === "cost_update") cost(known, call.details);
  }
}

function cost(known: Known, details: Readonly<Record<string, unknown>>): void {
  for (const key of [
    "tokens_input",
    "tokens_output",
    "tokens_cache_read",
    "tokens_cache_write",
  ] as const)
    known[key] += Number(details[key] ?? 0);
  const usd = details["cost_usd"];
  if (typeof usd === "number") known.cost_usd = (known.cost_usd ?? 0) + usd;
  known.costs.add(String(details["cost_source"]));
  const [only] = known.costs;
  known.cost_source =
    known.costs.size === 1 &&
    (only === "reported" || only === "estimated" || only === "unknown")
      ? only
      : known.costs.has("unknown")
        ? "partial"
        : "mixed";
}
