import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import {
  Lock,
  LOCK_STALE_MS,
} from "../../../../templates/adws/adw_modules/adw_agents/lock.ts";
import {
  makeSpool,
  MAX_AGE_MS,
  putIntoSpool,
  Spool,
} from "../../../../templates/adws/adw_modules/adw_agents/spool.ts";
import type { Position } from "../../../../templates/adws/adw_modules/adw_agents/transcripts.ts";
import type { SpoolPayload } from "../../../../templates/adws/adw_modules/adw_agents/spool.ts";
import {
  Follower,
  MAX_LINE_BYTES,
  readLines,
} from "../../../../templates/adws/adw_modules/adw_agents/transcripts.ts";

let folder = "";
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "adw-agents-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the spool", () => {
  const spoolFolder = () => join(folder, "spool");
  const place = (part: string, name: string, text: string, ageMs = 0) => {
    const path = join(spoolFolder(), part, name);
    writeFileSync(path, text);
    const at = Date.now() - ageMs;
    utimesSync(path, at / 1_000, at / 1_000);
  };
  const left = (part: string) => readdirSync(join(spoolFolder(), part));

  /** Opens it, takes what is there, and closes it. */
  async function taken(take?: (batch: readonly SpoolPayload[]) => void) {
    const payloads: SpoolPayload[] = [];
    const problems: string[] = [];
    const spool = new Spool({
      folder: spoolFolder(),
      lock: new Lock(join(spoolFolder(), "lock")),
      take: (batch) => {
        take?.(batch);
        payloads.push(...batch);
      },
      isRefused: () => false,
      report: (problem) => problems.push(problem),
    });
    spool.close();
    return { payloads, problems };
  }

  test("is its owner's only, whoever made it", async () => {
    mkdirSync(spoolFolder());
    chmodSync(spoolFolder(), 0o755);
    makeSpool(spoolFolder());
    for (const part of ["", "new", "tmp", "broken"])
      expect(statSync(join(spoolFolder(), part)).mode & 0o777).toBe(0o700);
  });

  test("gives payloads in the order of their times, and deletes them", async () => {
    makeSpool(spoolFolder());
    place("new", "claude.b", '{"n":2}\n', 1_000);
    place("new", "codex.a", '{"n":3}', 500);
    place("new", "claude.c", '{"n":1}', 2_000);
    const { payloads } = await taken();
    expect(payloads.map(({ source, payload }) => [source, payload])).toEqual([
      ["claude", { n: 1 }],
      ["claude", { n: 2 }],
      ["codex", { n: 3 }],
    ]);
    expect(left("new")).toEqual([]);
  });

  test("keeps what could not be stored, and gives it again with the same id", async () => {
    makeSpool(spoolFolder());
    place("new", "claude.a", '{"n":1}');
    const ids: string[] = [];
    const first = await taken((batch) => {
      ids.push(...batch.map(({ delivery }) => delivery.id));
      throw new Error("disk full");
    });
    expect(first.problems.join()).toContain("disk full");
    expect(left("new")).toEqual(["claude.a"]);
    const second = await taken();
    expect(second.payloads.map(({ delivery }) => delivery.id)).toEqual(
      ids.slice(0, 1),
    );
    expect(left("new")).toEqual([]);
  });

  test("adopts whole leftovers of tmp/, and only when their writer is gone", async () => {
    makeSpool(spoolFolder());
    place("tmp", "claude.old", '{"n":1}', 60_000);
    place("tmp", "claude.young", '{"n":2}');
    const { payloads } = await taken();
    expect(payloads.map(({ payload }) => payload)).toEqual([{ n: 1 }]);
    expect(left("tmp")).toEqual(["claude.young"]);
  });

  test("adopts leftovers from before the clock was set back", async () => {
    makeSpool(spoolFolder());
    place("tmp", "claude.old", '{"n":1}', -3_600_000);
    const { payloads } = await taken();
    expect(payloads.map(({ payload }) => payload)).toEqual([{ n: 1 }]);
  });

  test("sets aside what is no JSON, and says so", async () => {
    makeSpool(spoolFolder());
    place("new", "claude.a", '{"half":');
    place("new", "claude.b", "{}");
    symlinkSync("/etc/passwd", join(spoolFolder(), "new", "claude.c"));
    const { payloads, problems } = await taken();
    expect(payloads).toHaveLength(1);
    expect(left("broken")).toEqual(["claude.a"]);
    expect(left("new")).toEqual([]);
    expect(problems).toHaveLength(2);
    expect(problems.join("\n")).toContain("claude.a is no JSON: it is kept as");
  });

  test("drops what is older than a week, and says how much", async () => {
    makeSpool(spoolFolder());
    place("new", "claude.a", "{}", MAX_AGE_MS + 60_000);
    const { payloads, problems } = await taken();
    expect(payloads).toEqual([]);
    expect(problems.join()).toContain("1 payloads");
    expect(left("new")).toEqual([]);
  });

  test("drops the oldest of what is more than 1 GiB, and says how much, once", async () => {
    makeSpool(spoolFolder());
    place("new", "claude.a", "{}", 4_000);
    for (const [name, ms] of [
      ["claude.b", 3_000],
      ["claude.c", 2_000],
    ] as const) {
      place("new", name, "", ms);
      // It takes no room on the disk.
      truncateSync(join(spoolFolder(), "new", name), 600 * 1024 ** 2);
      const at = (Date.now() - ms) / 1_000;
      utimesSync(join(spoolFolder(), "new", name), at, at);
    }
    place("new", "claude.d", '{"n":1}', 1_000);
    const { payloads, problems } = await taken();
    expect(payloads.map(({ payload }) => payload)).toEqual([{ n: 1 }]);
    expect(left("broken")).toEqual(["claude.c"]);
    const dropped = problems.filter((problem) => /dropped/.test(problem));
    expect(dropped.join()).toMatch(/^2 payloads .* 1 GiB in all$/);
  });

  test("takes what comes while it is open", async () => {
    const payloads: SpoolPayload[] = [];
    const spool = new Spool({
      folder: spoolFolder(),
      lock: new Lock(join(spoolFolder(), "lock")),
      take: (batch) => void payloads.push(...batch),
      isRefused: () => false,
      report: () => undefined,
    });
    await putIntoSpool(spoolFolder(), "gemini", '{"n":1}', Date.now() - 50);
    const deadline = Date.now() + 10_000;
    while (payloads.length === 0 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 5));
    spool.close();
    expect(payloads[0]).toMatchObject({ source: "gemini", payload: { n: 1 } });
  });
});

describe("the lock", () => {
  /** Another process, which runs. */
  const other = String(process.ppid);
  const path = () => join(folder, "lock");
  const open = () => {
    const told: string[] = [];
    const lock = new Lock(path(), {
      onTaken: () => told.push("taken"),
      onLost: () => told.push("lost"),
    });
    return { lock, told };
  };
  const age = () => {
    const at = (Date.now() - LOCK_STALE_MS - 1_000) / 1_000;
    utimesSync(path(), at, at);
  };

  test("is left to a process that runs, and taken from one that is silent or gone", () => {
    writeFileSync(path(), other);
    const { lock, told } = open();
    expect(lock.hold()).toBe(false);
    age();
    expect(lock.hold()).toBe(true);
    expect(lock.hold()).toBe(true);
    expect(lock.owner).toBe(`${process.pid} ${hostname()}`);
    lock.release();
    expect(lock.owner).toBeUndefined();
    writeFileSync(path(), String(2 ** 22 + 1));
    expect(lock.hold()).toBe(true);
    expect(told).toEqual(["taken", "taken"]);
  });

  test("is another machine's with the same number of a process, as in a container, until that is silent", () => {
    writeFileSync(path(), `${process.pid} elsewhere`);
    const { lock } = open();
    expect(lock.hold()).toBe(false);
    age();
    expect(lock.hold()).toBe(true);
    writeFileSync(path(), `${String(2 ** 22 + 1)} elsewhere`);
    expect(lock.hold()).toBe(false);
  });

  test("is taken from one that is silent, though the clock was set back", () => {
    jest.useFakeTimers();
    writeFileSync(path(), other);
    const setBack = Date.now() + 3_600_000;
    utimesSync(path(), setBack / 1_000, setBack / 1_000);
    const { lock } = open();
    expect(lock.hold()).toBe(false);
    jest.advanceTimersByTime(LOCK_STALE_MS - 1_000);
    expect(lock.hold()).toBe(false);
    // It says so again.
    utimesSync(path(), setBack / 1_000 + 9, setBack / 1_000 + 9);
    jest.advanceTimersByTime(2_000);
    expect(lock.hold()).toBe(false);
    jest.advanceTimersByTime(LOCK_STALE_MS);
    expect(lock.hold()).toBe(true);
    jest.useRealTimers();
  });

  test("is refreshed by each store, and a store without it throws", () => {
    const { lock, told } = open();
    expect(() => lock.confirm()).toThrow("another process");
    lock.hold();
    age();
    lock.confirm();
    expect(Date.now() - statSync(path()).mtimeMs).toBeLessThan(LOCK_STALE_MS);
    // This process was suspended, and another one went on.
    writeFileSync(path(), other);
    expect(() => lock.confirm()).toThrow("another process");
    expect(lock.hold()).toBe(false);
    // And ended: what this one knows is old all the same.
    rmSync(path());
    expect(() => lock.confirm()).toThrow("another process");
    expect(lock.hold()).toBe(true);
    expect(told).toEqual(["taken", "lost", "taken"]);
  });
});

describe("a transcript", () => {
  const path = () => join(folder, "s.jsonl");
  const start = () => ({
    file: "",
    offset: 0,
    state: { session: "s", agent: "s" },
  });
  async function read(position: ReturnType<typeof start>) {
    const lines: unknown[] = [];
    await readLines(path(), position, (some) => {
      lines.push(...some.map(({ value }) => value));
    });
    return lines;
  }

  test("is read on from where it was, and a half line when it is whole", async () => {
    const position = start();
    writeFileSync(path(), '{"n":1}\n{"n":');
    expect(await read(position)).toEqual([{ n: 1 }]);
    expect(await read(position)).toEqual([]);
    appendFileSync(path(), '2}\n\nnot json\n{"n":3}\n');
    expect(await read(position)).toEqual([{ n: 2 }, { n: 3 }]);
    expect(await read(structuredClone(position))).toEqual([]);
  });

  test("is read from its start when it is another one or became shorter", async () => {
    const position = start();
    writeFileSync(path(), '{"n":1}\n{"n":2}\n');
    await read(position);
    truncateSync(path(), 0);
    appendFileSync(path(), '{"n":3}\n');
    expect(await read(position)).toEqual([{ n: 3 }]);
    writeFileSync(`${path()}.new`, '{"n":4}\n{"n":5}\n');
    renameSync(`${path()}.new`, path());
    expect(await read(position)).toEqual([{ n: 4 }, { n: 5 }]);
    rmSync(path());
    expect(await readLines(path(), position, () => undefined)).toBe(false);
  });

  test("may have lines across chunks, of several bytes a character, and too long ones", async () => {
    const long = "ä".repeat(300_000);
    const problems: string[] = [];
    const lines: unknown[] = [];
    writeFileSync(
      path(),
      `${JSON.stringify({ long })}\n"${"x".repeat(MAX_LINE_BYTES)}"\n{"n":1}\n`,
    );
    await readLines(
      path(),
      start(),
      (some) => lines.push(...some.map(({ value }) => value)),
      (problem) => problems.push(problem),
    );
    expect(lines.map((line) => JSON.stringify(line).length)).toEqual([
      300_011, 7,
    ]);
    expect(JSON.stringify(lines[0]) === JSON.stringify({ long })).toBe(true);
    expect(problems).toHaveLength(1);
  });

  test("is followed with those beside it, and resumed after a restart", async () => {
    mkdirSync(join(folder, "p", "sub"), { recursive: true });
    const taken: string[] = [];
    const stored = new Map<string, Position>();
    const follow = () => {
      const follower = new Follower({
        take: (lines, name, next) => {
          for (const { value } of lines) taken.push(JSON.stringify(value));
          stored.set(name, structuredClone(next));
        },
        positionOf: (name) => stored.get(name),
        forget: (name) => stored.delete(name),
      });
      follower.addFolder(folder, (name) =>
        name.endsWith(".jsonl") ? { session: "s", agent: "s" } : undefined,
      );
      return follower;
    };
    writeFileSync(join(folder, "p", "a.jsonl"), "1\n2\n");
    writeFileSync(join(folder, "p", "sub", "b.jsonl"), "3\n");
    writeFileSync(join(folder, "p", "other.txt"), "9\n");
    const first = follow();
    await first.look();
    expect(taken.toSorted()).toEqual(["1", "2", "3"]);
    appendFileSync(join(folder, "p", "a.jsonl"), "4\n");
    await first.look();
    writeFileSync(join(folder, "p", "sub", "c.jsonl"), "5\n6");
    await first.look();
    expect(taken.slice(3)).toEqual(["4", "5"]);
    appendFileSync(join(folder, "p", "a.jsonl"), "7\n");
    appendFileSync(join(folder, "p", "sub", "c.jsonl"), "\n");
    const second = follow();
    await second.look();
    expect(taken.slice(5).toSorted()).toEqual(["6", "7"]);
    rmSync(join(folder, "p", "a.jsonl"));
    await second.look();
    expect([...stored.keys()]).toHaveLength(2);
    await second.stop();
  });

  test("is not gone when it cannot be opened for another reason", async () => {
    const problem = await readLines(
      join(folder, "x".repeat(300)),
      start(),
      () => undefined,
    ).catch(String);
    expect(problem).toContain("ENAMETOOLONG");
  });

  describe("while it is followed", () => {
    let taken: string[] = [];
    let follower: Follower;
    let now = 0;
    let problems: string[] = [];
    /** Files of which nothing can be stored. */
    let failing: string[] = [];
    beforeEach(() => {
      problems = [];
      failing = [];
    });
    const file = (name: string) => join(folder, "agents", name);
    const follow = (since = 0) => {
      taken = [];
      now = Date.now();
      follower = new Follower({
        take: (lines, path) => {
          if (failing.some((name) => path === file(name)))
            throw new Error("database is locked");
          taken.push(...lines.map(({ value }) => JSON.stringify(value)));
        },
        since,
        report: (problem) => problems.push(problem),
      });
      follower.addFolder(join(folder, "agents"), (name) =>
        name.endsWith(".jsonl") ? { session: "s", agent: "s" } : undefined,
      );
    };
    /** What is read `ms` after the last look. */
    const after = async (ms: number) => {
      now += ms;
      await follower.look(now);
      return taken.splice(0);
    };
    const age = (name: string, ms: number) =>
      utimesSync(file(name), (now - ms) / 1_000, (now - ms) / 1_000);

    test("its folder may be made later, and folders in it", async () => {
      follow();
      expect(await after(0)).toEqual([]);
      mkdirSync(file("2026/11"), { recursive: true });
      writeFileSync(file("2026/11/a.jsonl"), "1\n");
      expect(await after(1_000)).toEqual(["1"]);
      mkdirSync(file("2026/12"));
      writeFileSync(file("2026/12/b.jsonl"), "2\n");
      expect(await after(1_000)).toEqual(["2"]);
    });

    test("one that grows is seen at the next look, and one that rested within ten seconds", async () => {
      follow();
      mkdirSync(file(""), { recursive: true });
      writeFileSync(file("a.jsonl"), "1\n");
      expect(await after(0)).toEqual(["1"]);
      appendFileSync(file("a.jsonl"), "2\n");
      expect(await after(250)).toEqual(["2"]);
      age("a.jsonl", 3_600_000);
      await after(10_000);
      appendFileSync(file("a.jsonl"), "3\n");
      expect(await after(10_000)).toEqual(["3"]);
    });

    test("one that rested is seen within ten seconds, though the clock is set back", async () => {
      follow(Date.now() - 60_000);
      mkdirSync(file(""), { recursive: true });
      writeFileSync(file("a.jsonl"), "1\n");
      age("a.jsonl", 3_600_000);
      expect(await after(0)).toEqual([]);
      appendFileSync(file("a.jsonl"), "2\n");
      expect(await after(-7_200_000)).toEqual(["1", "2"]);
    });

    test("one that is too old is read from its start when it grows", async () => {
      now = Date.now();
      mkdirSync(file(""), { recursive: true });
      writeFileSync(file("a.jsonl"), "1\n");
      age("a.jsonl", 3_600_000);
      follow(Date.now() - 60_000);
      expect(await after(0)).toEqual([]);
      appendFileSync(file("a.jsonl"), "2\n");
      expect(await after(10_000)).toEqual(["1", "2"]);
    });

    test("one that is replaced by another of the same size is read from its start", async () => {
      follow();
      mkdirSync(file(""), { recursive: true });
      writeFileSync(file("a.jsonl"), "1\n");
      expect(await after(0)).toEqual(["1"]);
      writeFileSync(file("other"), "2\n");
      renameSync(file("other"), file("a.jsonl"));
      expect(await after(250)).toEqual(["2"]);
      rmSync(file("a.jsonl"));
      expect(await after(250)).toEqual([]);
      writeFileSync(file("a.jsonl"), "3\n");
      expect(await after(1_000)).toEqual(["3"]);
    });

    test("what could not be stored is read at the next look, with all that came after it", async () => {
      follow();
      mkdirSync(file(""), { recursive: true });
      for (const [index, name] of ["a", "b", "c"].entries()) {
        writeFileSync(file(`${name}.jsonl`), `"${name}"\n`);
        age(`${name}.jsonl`, 3_000 - index * 1_000);
      }
      failing = ["a.jsonl"];
      expect(await after(0)).toEqual([]);
      // It keeps the others waiting no longer.
      expect(await after(250)).toEqual(['"b"', '"c"']);
      failing = [];
      expect(await after(250)).toEqual(['"a"']);
      expect(await after(250)).toEqual([]);
      expect(problems).toHaveLength(2);
      expect(problems[0]).toContain("database is locked");
      appendFileSync(file("b.jsonl"), '"b2"\n');
      failing = ["b.jsonl"];
      expect(await after(250)).toEqual([]);
      failing = [];
      expect(await after(250)).toEqual(['"b2"']);
    });

    test("the oldest are read first, and no pipe is opened", async () => {
      follow();
      mkdirSync(file(""), { recursive: true });
      for (const [name, ms] of [
        ["a", 1_000],
        ["b", 3_000],
        ["c", 2_000],
      ] as const) {
        writeFileSync(file(`${name}.jsonl`), `"${name}"\n`);
        age(`${name}.jsonl`, ms);
      }
      spawnSync("mkfifo", [file("pipe.jsonl")]);
      expect(await after(0)).toEqual(['"b"', '"c"', '"a"']);
    });
  });
});
