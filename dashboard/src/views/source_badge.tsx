/** Which program an agent is: in words, the same ones everywhere. */

const NAMES: ReadonlyMap<string, string> = new Map([
  ["adw", "ADW"],
  ["claude-code", "Claude Code"],
  ["codex", "Codex"],
  ["cursor", "Cursor"],
  ["gemini-cli", "Gemini CLI"],
  ["opencode", "OpenCode"],
]);

export function sourceName(source: string): string {
  return NAMES.get(source) ?? source;
}

export function SourceBadge({ source }: { source: string }) {
  if (source === "") return null;
  return (
    <span class="source" title={`Comes from ${sourceName(source)}`}>
      {sourceName(source)}
    </span>
  );
}
