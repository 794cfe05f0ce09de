import { parseCommandLine } from "../../../src/commands/command-line.ts";

/** The arguments and options of a command line, or what else it asks for. */
function parsed(...argv: string[]) {
  const request = parseCommandLine(argv);
  if (request.kind !== "run") return request.kind;
  const { command, positionals, values } = request.parsed;
  return { command, positionals, values };
}

test.each<[string[], ReturnType<typeof parsed>]>([
  [[], "help"],
  [["help", "help"], "help"],
  [["add", "-h"], "help"],
  [["-v"], "version"],
  [["add", "--version"], "version"],
  [
    ["add", "adw_events", "--dev", "-y", "adw_server"],
    {
      command: "add",
      positionals: ["adw_events", "adw_server"],
      values: { dev: true, yes: true },
    },
  ],
  [
    ["--force", "add", "adw_events", "--no-install"],
    {
      command: "add",
      positionals: ["adw_events"],
      values: { force: true, install: false },
    },
  ],
  [
    ["init", "--websocket-port=9001", "--dry-run=false", "app"],
    {
      command: "init",
      positionals: ["app"],
      values: { "websocket-port": "9001", "dry-run": false },
    },
  ],
  [
    ["init", "--modules", "adw_events", "adw_server", "./app"],
    {
      command: "init",
      positionals: ["./app"],
      values: { modules: "adw_events,adw_server" },
    },
  ],
  [
    ["init", "--modules=adw_events", "app", "--allowed-hosts="],
    {
      command: "init",
      positionals: ["app"],
      values: { modules: "adw_events", "allowed-hosts": "" },
    },
  ],
  [
    ["--cwd", "demo", "check"],
    { command: "check", positionals: [], values: { cwd: "demo" } },
  ],
  [
    ["--modules=adw_events", "init", "--yes"],
    {
      command: "init",
      positionals: [],
      values: { modules: "adw_events", yes: true },
    },
  ],
  [
    ["--fail-on", "edited", "outdated", "check", "adw_events"],
    {
      command: "check",
      positionals: ["adw_events"],
      values: { "fail-on": "edited,outdated" },
    },
  ],
  [
    ["add", "--", "--force"],
    { command: "add", positionals: ["--force"], values: {} },
  ],
])("%j", (argv, expected) => {
  expect(parsed(...argv)).toEqual(expected);
});

test.each([
  [["add", "--seed", "1"], "unknown option --seed"],
  [["add", "a", "--no-cwd"], "unknown option --no-cwd"],
  [["init", "--no-modules"], "unknown option --no-modules"],
  [["init", "--no-install=yes"], "--no-install takes no value"],
  [["demos", "init"], 'unknown command "demos"'],
  [["add", "a", "-x"], "unknown option -x"],
  [["add", "a", "--constructor"], "unknown option --constructor"],
  [["add", "a", "--module", "b"], "unknown option --module"],
  [["init", "--json=yes"], "--json takes no value"],
  [["init", "--modules"], "--modules needs a value"],
  [["init", "--cwd", "a", "--cwd=b"], "--cwd is given more than once"],
  [
    ["init", "--modules", "a", "--modules", "b"],
    "--modules is given more than once",
  ],
  [["render", "a", "b"], 'unexpected argument "b"'],
  [["remove"], "remove needs <module>"],
])("%j is refused", (argv, message) => {
  expect(() => parseCommandLine(argv)).toThrow(
    expect.objectContaining({ code: "USAGE", exitCode: 2, message }),
  );
});
