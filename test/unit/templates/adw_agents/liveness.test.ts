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
  { what: "runs in its folder", expected: true },
  { what: "runs in another folder, and was never seen here", cwd: "/x" },
  {
    what: "was never seen, for ten minutes",
    cwd: "/x",
    silence: 600_000,
    expected: false,
  },
  {
    what: "may run, where the system tells no folder",
    processes: [{ ...claude, cwd: undefined }],
    silence: 9e9,
  },
  { what: "does not say its folder", cwd: null, silence: 9e9 },
  {
    what: "does not run, nor another one of its kind",
    processes: [{ command: "/usr/bin/codex", cwd: undefined }],
    silence: 600_000,
    expected: false,
  },
  { what: "has gone into a folder below", cwd: "/shop/api", expected: true },
  {
    what: "runs in a folder whose name begins alike",
    cwd: "/shop2",
    silence: 600_000,
    expected: false,
  },
  {
    what: "said so by HTTP, and was never seen",
    cwd: "/x",
    silence: 9e9,
    isRemote: true,
  },
  { what: "cannot be known", processes: null, silence: 9e9 },
])(
  "an agent that $what",
  ({ processes = [claude], cwd = "/shop", silence = 60_000, ...rest }) => {
    const liveness = new Liveness(() => processes ?? undefined);
    const { isRemote, expected } = rest;
    const own = { ...agent(cwd ?? undefined), isRemote };
    expect(liveness.isAlive(own, silence)).toBe(expected);
  },
);

test("one that was seen running and is not there any more is gone at once", () => {
  let processes = [claude];
  let now = 1e12;
  jest.spyOn(performance, "now").mockImplementation(() => now);
  const liveness = new Liveness(() => processes);
  expect(liveness.isAlive(agent("/shop"), 60_000)).toBe(true);
  processes = [];
  now += 20_000;
  expect(liveness.isAlive(agent("/shop"), 60_000)).toBe(false);
  expect(liveness.isAlive(agent("/shop", "somebody"), 60_000)).toBeUndefined();
  jest.restoreAllMocks();
});

test("the processes are listed again though the clock is set back", () => {
  jest.useFakeTimers();
  const list = jest.fn(() => [claude]);
  const liveness = new Liveness(list);
  liveness.isAlive(agent("/shop"), 0);
  jest.setSystemTime(Date.now() - 3_600_000);
  liveness.isAlive(agent("/shop"), 0);
  expect(list).toHaveBeenCalledTimes(1);
  jest.advanceTimersByTime(10_000);
  liveness.isAlive(agent("/shop"), 0);
  expect(list).toHaveBeenCalledTimes(2);
  jest.useRealTimers();
});
