/**
 * The command that puts what an agent says into a spool folder: written under
 * `tmp/`, renamed into `new/`, as `<source>.<anything>`. It waits for nobody, says
 * nothing, ends with 0 whatever happens, and reads to the end even where there is
 * no spool, because an agent that writes to a closed pipe reports an error.
 */
import { shellWord } from "../shell-word.ts";

/** Where the spool is. */
export type SpoolPlace =
  /** This very folder. */
  | { kind: "folder"; path: string }
  /** Below the project that the agent works in, wherever that is on this machine. */
  | { kind: "project"; adwsDir: string }
  /** In the state folder of whoever runs the agent. */
  | { kind: "user" };

/** @param marker - what the handler is known by; see marker.ts */
export function posixCommand(
  source: string,
  place: SpoolPlace,
  marker: string,
): string {
  return [
    `: ${marker}`,
    posixFolder(place),
    // Not `>`, which a shell with noclobber refuses: mktemp has made the file.
    `{ f=$(mktemp "$d/tmp/${source}.XXXXXXXXXX") && cat >|"$f" && mv -f "$f" "$d/new/\${f##*/}" || { [ -n "$f" ] && rm -f "$f"; cat; }; } >/dev/null 2>&1`,
    "exit 0",
  ].join("; ");
}

/** The same for an agent that takes the user's own shell, which may be fish. */
export function inPosixShell(command: string): string {
  return `exec sh -c ${shellWord(command)}`;
}

function posixFolder(place: SpoolPlace): string {
  switch (place.kind) {
    case "folder":
      return `d=${quoted(place.path)}`;
    case "project": {
      // Claude Code says where the project is, and others are started in it. The
      // braces keep Gemini CLI from putting a quoted path into these quotes.
      const spool = `/${spoolBelow(place.adwsDir)}`;
      return `d=\${CLAUDE_PROJECT_DIR:-$PWD}; until [ -d "$d"${quoted(spool)} ] || [ -e "$d/.git" ] || [ "$d" = "\${d%/*}" ]; do d=\${d%/*}; done; d=$d${quoted(spool)}`;
    }
    case "user":
      // As the specification has it, a relative value counts as none. The brackets
      // keep it from looking like a comment in settings that may have some; the quotes
      // are there because Gemini CLI puts values, empty ones too, in the place of names.
      return 'd="${XDG_STATE_HOME:-}"; case $d in [/]*) ;; *) d="${HOME:-}/.local/state";; esac; d=$d/adw-scaffold/spool';
  }
}

/** Relative to a project. */
export function spoolBelow(adwsDir: string): string {
  return `${adwsDir}/.adw_spool`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** For Windows: PowerShell 5.1 and later. There is no double quote in it. */
export function powershellCommand(
  source: string,
  place: SpoolPlace,
  marker: string,
): string {
  return [
    `<# ${marker} #> $i = [Console]::OpenStandardInput()`,
    "try { " +
      [
        powershellFolder(place),
        `$n = '${source}.' + [guid]::NewGuid()`,
        "$t = [IO.Path]::Combine($d, 'tmp', $n)",
        "$o = [IO.File]::Create($t)",
        "try { $i.CopyTo($o) } finally { $o.Dispose() }",
        "[IO.File]::Move($t, [IO.Path]::Combine($d, 'new', $n))",
      ].join("; ") +
      " } catch { try { [IO.File]::Delete($t) } catch { }; $i.CopyTo([IO.Stream]::Null) }",
    "exit 0",
  ].join("; ");
}

function powershellFolder(place: SpoolPlace): string {
  const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
  switch (place.kind) {
    case "folder":
      return `$d = ${literal(place.path)}`;
    case "project":
      return `$d = $(if ($env:CLAUDE_PROJECT_DIR) { $env:CLAUDE_PROJECT_DIR } else { $PWD.Path }); $d = [IO.Path]::Combine($d, ${literal(spoolBelow(place.adwsDir))})`;
    case "user":
      return "$d = $(if ($env:XDG_STATE_HOME -match '^([A-Za-z]:)?[\\\\/]') { $env:XDG_STATE_HOME } else { $env:LOCALAPPDATA }); $d = [IO.Path]::Combine($d, 'adw-scaffold', 'spool')";
  }
}

/** For an agent that starts commands with cmd.exe. */
export function inCmd(command: string): string {
  return `powershell -NoProfile -NonInteractive -Command "${command}"`;
}

/** The folder that a command of ours names; undefined for one that finds it when it runs. */
export function namedFolder(command: string): string | undefined {
  // Wrapped once more, each quote is written as '\''.
  const plain = command.startsWith("exec sh -c ")
    ? command.replaceAll(String.raw`'\''`, "'")
    : command;
  const posix = /; d='((?:[^']|'\\'')*)'; \{/.exec(plain)?.[1];
  if (posix !== undefined) return posix.replaceAll(String.raw`'\''`, "'");
  const windows = /\$d = '((?:[^']|'')*)';/.exec(plain)?.[1];
  return windows?.replaceAll("''", "'");
}
