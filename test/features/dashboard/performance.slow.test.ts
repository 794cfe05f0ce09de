/// <reference lib="dom" />
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { cpus } from "node:os";
import type { Browser, CDPSession, Page } from "playwright-core";
import {
  describeInBrowser,
  launch,
  openPage,
} from "../../helpers/dashboard/browser.ts";
import { loadEvent, manyEvents } from "../../helpers/dashboard/fleet.ts";
import {
  dashboard,
  type EventHistory,
} from "../../helpers/dashboard/modules.ts";
import {
  startDashboard,
  type RunningServer,
} from "../../helpers/dashboard/server.ts";
import { AgentLog } from "../../helpers/dashboard/sessions.ts";
import { openForTest } from "../../helpers/database.ts";

declare global {
  interface Window {
    marks: Record<string, number>;
  }
}

/** Loads of which the median counts: one alone may meet a busy moment. */
const LOADS = 7;
/** Where other programs keep the machine busy, the least disturbed of so many count. */
const MOST_LOADS = 21;
/** When other programs take more of the machine, waiting for it is not being busy. */
const QUIET = 0.1;

/** Times in milliseconds. */
interface Load {
  firstRow: number;
  all: number;
  /** What an empty page took, right before, to read the same events and to keep them. */
  bare: number;
  /** CPU time of the page's main thread. */
  cpu: number;
  /** Share of the machine that other programs took, 0 to 1. */
  others: number;
  seqs: { held: number; first: number; last: number };
}

/**
 * The target of two seconds is for a machine that reads and parses these events in one;
 * on a slower one, all of them are there in twice the time of that.
 */
const BARE_MS = 1_000;

/** The same events, as lines of JSON. */
const LINES = manyEvents(100_000, Date.now())
  .map((event, n) => JSON.stringify({ seq: n + 1, ...event }))
  .join("\n");

jest.setTimeout(480_000);

describeInBrowser("the dashboard under load", () => {
  let browser: Browser;
  let servers: RunningServer[] = [];
  let page: Page | undefined;

  beforeEach(async () => {
    browser = await launch();
  });
  afterEach(async () => {
    await page?.context().close();
    page = undefined;
    await browser.close();
    await Promise.all(servers.map((server) => server.stop()));
    servers = [];
  });

  async function start(
    ...args: Parameters<typeof startDashboard>
  ): Promise<RunningServer> {
    const server = await startDashboard(...args);
    servers.push(server);
    return server;
  }

  /** Where 100,000 events are stored: what `adw_server` has, and a server without a database. */
  const stores: [string, () => EventHistory][] = [
    [
      "the database",
      () => {
        const database = openForTest();
        database.transaction(() => {
          for (const event of manyEvents(100_000, Date.now()))
            database.events.append(event);
        });
        return database.events;
      },
    ],
    [
      "memory",
      () => {
        const history = dashboard.createMemoryHistory(100_000);
        for (const event of manyEvents(100_000, Date.now()))
          history.append?.(event);
        return history;
      },
    ],
  ];

  test.each(stores)(
    "loads 100,000 events stored in %s, and paints the log, in under 2 s, or twice a bare read, at the median",
    async (name, fill) => {
      const { url } = await start({ history: fill() });
      const runs = await leastDisturbed(() => measureLoad(url));
      const others = median(runs.map((run) => run.others));
      const first = median(runs.map(({ firstRow }) => firstRow));
      const all = median(runs.map((run) => run.all));
      const ratio = median(runs.map((run) => run.all / run.bare));
      process.stderr.write(
        `100,000 events stored in ${name}, median of ${LOADS} loads: first rows after ${ms(first)}, all after ${ms(all)} ` +
          `(${runs.map((run) => Math.round(run.all)).join(", ")}); ` +
          `${ratio.toFixed(2)} times a bare read of ${ms(median(runs.map(({ bare }) => bare)))}; ` +
          `main thread ${ms(median(runs.map(({ cpu }) => cpu)))} of CPU time; other programs took ${percent(others)} of the machine\n`,
      );
      for (const { seqs } of runs)
        expect(seqs).toEqual({ held: 100_000, first: 1, last: 100_000 });
      expect(first).toBeLessThan(2_000);
      const slowness = (run: Load) => Math.max(1, run.bare / BARE_MS);
      expect(median(runs.map((run) => run.all / slowness(run)))).toBeLessThan(
        2_000,
      );
    },
  );

  /** Chosen by what others did meanwhile, never by what came out. */
  async function leastDisturbed(measure: () => Promise<Load>): Promise<Load[]> {
    const runs: Load[] = [];
    const areQuiet = () =>
      runs.filter(({ others }) => others < QUIET).length >= LOADS;
    while (runs.length < MOST_LOADS && !areQuiet()) runs.push(await measure());
    return runs.toSorted((a, b) => a.others - b.others).slice(0, LOADS);
  }

  /** The least that a page can do: it reads the same lines from a plain server, and parses them. */
  async function bareRead() {
    const before = await cpuTimes(browser);
    const plain = createServer(({ url }, response) =>
      response.end(url === "/" ? "" : LINES),
    );
    plain.listen(0, "127.0.0.1");
    await once(plain, "listening");
    const context = await browser.newContext();
    const tab = await context.newPage();
    await tab.goto(
      `http://127.0.0.1:${(plain.address() as AddressInfo).port}/`,
    );
    const milliseconds = await tab.evaluate(async () => {
      const from = performance.now();
      const lines = (await (await fetch("/lines")).text()).split("\n");
      const events = lines.filter(Boolean).map((line) => JSON.parse(line));
      if (events.length !== 100_000) throw new Error(`${events.length} events`);
      return performance.now() - from;
    });
    const others = shareOfOthers(before, await cpuTimes(browser));
    await context.close();
    plain.close();
    return { milliseconds, others };
  }

  /** From the start of the navigation to the first painted row, and to the last event. */
  async function measureLoad(url: string): Promise<Load> {
    const bare = await bareRead();
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
    });
    const tab = await context.newPage();
    // Looked at in each frame: what is there then has been painted.
    await tab.addInitScript(() => {
      const marks: Record<string, number> = {};
      Object.assign(window, { marks });
      const look = (): void => {
        const count =
          document.querySelector('[data-testid="log-count"]')?.textContent ??
          "";
        if (document.querySelector(".log-row") !== null)
          marks["firstRow"] ??= performance.now();
        const last = document.querySelector('.log-row[data-seq="100000"]');
        if (count.startsWith("100,000") && last !== null)
          marks["all"] ??= performance.now();
        if (marks["all"] === undefined) requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    const devtools = await context.newCDPSession(tab);
    await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
    const before = await cpuTimes(browser);
    await tab.goto(url);
    await tab.waitForFunction(() => window.marks["all"] !== undefined, null, {
      timeout: 60_000,
    });
    const during = shareOfOthers(before, await cpuTimes(browser));
    const others = Math.max(bare.others, during);
    const { task } = await metrics(devtools);
    const { firstRow = Infinity, all = Infinity } = await tab.evaluate(
      () => window.marks,
    );
    await tab.locator("#log-list").focus();
    await tab.keyboard.press("Home");
    await tab.waitForSelector('.log-row[data-seq="1"]');
    const seqs = await tab.evaluate(() => ({
      held: Number(
        document.querySelector(".log-row")?.getAttribute("aria-setsize"),
      ),
      first: Number(
        document.querySelector(".log-row")?.getAttribute("data-seq"),
      ),
      last: Number(
        document.querySelector(".pill-seq")?.textContent?.replaceAll(/\D/g, ""),
      ),
    }));
    await context.close();
    return {
      firstRow,
      all,
      bare: bare.milliseconds,
      cpu: task * 1_000,
      others,
      seqs,
    };
  }

  test("tells the story of a session of 100,000 events in under 1 s of CPU time, and draws a part of it", async () => {
    const about = { session: "s", project: "shop", source: "codex" };
    const log = new AgentLog("s", about, Date.now() - 120_000_000);
    for (let n = 0; n < 20_000; n++) {
      log.said(`words ${n}`).call("Read", { file_path: `src/${n}.ts` });
      log.call("Edit", { file_path: "a", old_string: "1", new_string: `${n}` });
    }
    const { url } = await start({
      history: dashboard.createMemoryHistory(100_000),
    }).then((server) => {
      server.store(log.events);
      return server;
    });
    ({ page } = await openPage(browser, url));
    await page.waitForSelector('.pill[data-state="live"]');
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
    const before = await metrics(devtools);
    await page.getByRole("button", { name: "Story", exact: true }).click();
    await page.locator(".story").getByText("words 19999").waitFor();
    const after = await metrics(devtools);
    const cpu = (after.task - before.task) * 1_000;
    process.stderr.write(
      `story of 100,000 events: ${ms(cpu)} of CPU time, heap ${mib(before.heap)} → ${mib(after.heap)} MiB\n`,
    );
    expect(await page.locator(".part").count()).toBe(100);
    expect(cpu).toBeLessThan(1_000);
    expect(after.heap - before.heap).toBeLessThan(60 * 1024 * 1024);
  });

  test("keeps up with 1,000 events a second for 30 s: none dropped, main thread under 60 %, memory bounded", async () => {
    const seconds = 30;
    const server = await start();
    server.store(manyEvents(1_000, Date.now(), 60_000));
    ({ page } = await openPage(browser, server.url));
    await page.waitForSelector('.pill[data-state="live"]');
    // Two sessions: each counts in one kind of time.
    const devtools = await page.context().newCDPSession(page);
    const byTheClock = await page.context().newCDPSession(page);
    await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
    await byTheClock.send("Performance.enable", { timeDomain: "timeTicks" });
    const cpuBefore = await cpuTimes(browser);
    const wallBefore = await metrics(byTheClock);
    const before = await metrics(devtools);
    const started = Date.now();
    let sent = 0;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const due = Math.min(Math.floor(Date.now() - started), seconds * 1000);
        for (; sent < due; sent++)
          server.publish(loadEvent(1_000 + sent, Date.now()));
        if (sent < seconds * 1000) return;
        clearInterval(timer);
        resolve();
      }, 10);
    });
    const after = await metrics(devtools);
    const wallAfter = await metrics(byTheClock);
    const others = shareOfOthers(cpuBefore, await cpuTimes(browser));
    await page.waitForFunction(
      (text) =>
        document
          .querySelector('[data-testid="log-count"]')
          ?.textContent?.trim() === text,
      (1_000 + sent).toLocaleString("en-US"),
      { timeout: 5_000 },
    );
    const settled = await metrics(devtools);
    const busy = busyShare(before, after);
    const busyByTheClock = busyShare(wallBefore, wallAfter);
    const bytes = (settled.heap - before.heap) / sent;
    process.stderr.write(
      `1,000 events/s for ${seconds} s: ${sent} of ${sent} shown, main thread busy ${percent(busy)} in CPU time, ` +
        `${percent(busyByTheClock)} by the clock (other programs took ${percent(others)} of the machine), ` +
        `heap ${mib(before.heap)} → ${mib(settled.heap)} MiB, ${Math.round(bytes)} bytes an event\n`,
    );
    expect(sent).toBe(30_000);
    expect(server.server.manager.stats().evictions).toBe(0);
    expect(busy).toBeLessThan(0.6);
    // By the clock a task also lasts while it waits for its turn on the processor.
    if (others < QUIET) expect(busyByTheClock).toBeLessThan(0.6);
    // What is held is the events themselves; beyond MAX_EVENTS the oldest leave.
    expect(bytes).toBeLessThan(2_500);
  });

  test("holds no more than its bound: memory stays where it is", async () => {
    // Far more than the page holds, so that it has to let go of events again and again.
    const server = await start();
    server.store(manyEvents(200_000, Date.now()));
    ({ page } = await openPage(browser, server.url));
    const lastRow = (seq: number) =>
      page?.waitForSelector(`.log-row[data-seq="${seq}"]`, { timeout: 60_000 });
    await lastRow(200_000);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
    const full = await metrics(devtools);
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 20_000; n++)
        server.publish(loadEvent(n + 40, Date.now()));
      await lastRow(200_000 + (round + 1) * 20_000);
    }
    const later = await metrics(devtools);
    process.stderr.write(
      `full at 200,000 events: heap ${mib(full.heap)} MiB, 60,000 events later ${mib(later.heap)} MiB\n`,
    );
    expect(later.heap).toBeLessThan(full.heap * 1.15);
  });
});

/** Time at work in seconds, memory in bytes. */
interface Metrics {
  takenAt: number;
  task: number;
  heap: number;
}

/** The browser's own counters, after a garbage collection. */
async function metrics(devtools: CDPSession): Promise<Metrics> {
  await devtools.send("HeapProfiler.collectGarbage");
  const { metrics: list } = await devtools.send("Performance.getMetrics");
  const value = (name: string): number =>
    list.find((metric) => metric.name === name)?.value ?? Number.NaN;
  return {
    takenAt: Date.now() / 1000,
    task: value("TaskDuration"),
    heap: value("JSHeapUsedSize"),
  };
}

/** Share of the time between that the main thread was at work. */
function busyShare(before: Metrics, after: Metrics): number {
  return (after.task - before.task) / (after.takenAt - before.takenAt);
}

/** Processor time so far, in seconds. */
interface CpuTimes {
  /** Of all processors, at work or not. */
  all: number;
  busy: number;
  /** Of this process and the browser's, each by its id. */
  own: Map<number, number>;
}

async function cpuTimes(browser: Browser): Promise<CpuTimes> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const { user, system } = process.cpuUsage();
  const times = cpus().map((cpu) => cpu.times);
  const idle = sum(times.map((time) => time.idle)) / 1_000;
  const all = sum(times.flatMap((time) => Object.values(time))) / 1_000;
  return {
    all,
    busy: all - idle,
    own: new Map([
      [process.pid, (user + system) / 1e6],
      ...processInfo.map(({ id, cpuTime }): [number, number] => [id, cpuTime]),
    ]),
  };
}

/** What of the machine went to other programs, 0 to 1. */
function shareOfOthers(before: CpuTimes, after: CpuTimes): number {
  const own = [...after.own].map(
    ([id, time]) => time - (before.own.get(id) ?? 0),
  );
  const others = after.busy - before.busy - sum(own);
  return Math.max(0, others / (after.all - before.all));
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
