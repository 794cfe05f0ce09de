/** Where coding agents write down what they do. */
import { isAbsolute, join } from "node:path";

export interface AgentPlace {
  /** As people call it. */
  agent: string;
  path: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What `watch` follows, the variables respected by which a user moves it.
 *
 * @param home - the user's home folder, as os.homedir() has it
 */
export function agentPlaces(env: Environment, home: string): AgentPlace[] {
  const of = (name: string) => env[name] ?? "";
  const claude = of("CLAUDE_CONFIG_DIR") || join(home, ".claude");
  const codex = of("CODEX_HOME") || join(home, ".codex");
  const gemini = join(of("GEMINI_CLI_HOME") || home, ".gemini");
  const data = isAbsolute(of("XDG_DATA_HOME"))
    ? of("XDG_DATA_HOME")
    : join(home, ".local", "share");
  return [
    { agent: "Claude Code", path: join(claude, "projects") },
    { agent: "Codex", path: join(codex, "sessions") },
    { agent: "Gemini CLI", path: join(gemini, "tmp") },
    { agent: "OpenCode", path: join(data, "opencode", "opencode.db") },
  ];
}
