import { Liveness } from "../../../../templates/adws/adw_modules/adw_agents/liveness.ts";

const agent = (cwd: string | undefined, source = "claude-code") => ({
  id: "s",
  session: "s",
  source,
  about: { cwd },
  isParentAssumed: false,
  isLogged: true,
  status: "executing" as const,
  statusAt: 0,
  lastAt: 0,
  prompts: new Set<never>(),
  calls: new Set<never>(),
  waits: new Set<never>(),
});
const claude = { command: "/usr/bin/claude --continue", cwd: "/shop" };

test.each([
  ["runs in its folder", [claude], "/shop", 60_000, true],
  [
    "runs in another folder, and was never seen here",
    [claude],
    "/x",
    60_000,
    undefined,
  ],
  ["was never seen, for ten minutes", [claude], "/x", 600_000, false],
  [
    "runs where the system tells no folder",
    [{ ...claude, cwd: undefined }],
    "/x",
    60_000,
    true,
  ],
  ["cannot be known", undefined, "/shop", 9e9, undefined],
])("an agent that %s", (_name, processes, cwd, silence, expected) => {
  const liveness = new Liveness(() => processes);
  expect(liveness.isAlive(agent(cwd), silence)).toBe(expected);
});

test("one that was seen running and is not there any more is gone at once", () => {
  let processes = [claude];
  let now = 1e12;
  jest.spyOn(Date, "now").mockImplementation(() => now);
  const liveness = new Liveness(() => processes);
  expect(liveness.isAlive(agent("/shop"), 60_000)).toBe(true);
  processes = [];
  now += 20_000;
  expect(liveness.isAlive(agent("/shop"), 60_000)).toBe(false);
  expect(liveness.isAlive(agent("/shop", "somebody"), 60_000)).toBeUndefined();
  jest.restoreAllMocks();
});
