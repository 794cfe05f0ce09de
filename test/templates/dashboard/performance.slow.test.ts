/// <reference lib="dom" />
import type { Browser, CDPSession, Page } from "playwright-core";
import { describeInBrowser, launch, openPage } from "../../helpers/dashboard/browser.ts";
import { loadEvent, manyEvents } from "../../helpers/dashboard/fleet.ts";
import { startDashboard, type RunningServer } from "../../helpers/dashboard/server.ts";

declare global {
  interface Window {
    marks: Record<string, number>;
  }
}

jest.setTimeout(120_000);

describeInBrowser("the dashboard under load", () => {
  let browser: Browser;
  let server: RunningServer;
  let page: Page | undefined;

  beforeEach(async () => {
    browser = await launch();
    server = await startDashboard();
  });
  afterEach(async () => {
    await page?.context().close();
    await browser.close();
    await server.stop();
  });

  test("loads 100,000 stored events, and paints the log, in under 2 s", async () => {
    server.store(manyEvents(100_000, Date.now()));
    // The best of three: what else the machine does is not the page's doing.
    const runs = [];
    for (let run = 0; run < 3; run++) runs.push(await measureLoad());
    runs.sort((a, b) => a.all - b.all);
    const [best = { firstRow: Infinity, all: Infinity }] = runs;
    process.stderr.write(
      `100,000 stored events: first rows after ${Math.round(best.firstRow)} ms, all after ${Math.round(best.all)} ms ` +
        `(all runs: ${runs.map(({ all }) => Math.round(all)).join(", ")} ms)\n`,
    );
    expect(best.firstRow).toBeLessThan(2_000);
    expect(best.all).toBeLessThan(2_000);
  });

  /** ms from the start of the navigation to the first painted row, and to the last event. */
  async function measureLoad(): Promise<{ firstRow: number; all: number }> {
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
        if (count.startsWith("100,000")) marks["all"] ??= performance.now();
        if (marks["all"] === undefined) requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    await tab.goto(server.url);
    await tab.waitForSelector('.log-row[data-seq="100000"]', {
      timeout: 60_000,
    });
    const marks = await tab.evaluate(
      () => window.marks,
    );
    await context.close();
    const { firstRow = Infinity, all = Infinity } = marks;
    return { firstRow, all };
  }

  test("keeps up with 1,000 events a second for 30 s: none dropped, main thread under 60 %, memory bounded", async () => {
    const seconds = 30;
    server.store(manyEvents(1_000, Date.now(), 60_000));
    ({ page } = await openPage(browser, server.url));
    await page.waitForSelector('.pill[data-state="live"]');
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
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
    await page.waitForFunction(
      (text) =>
        document
          .querySelector('[data-testid="log-count"]')
          ?.textContent?.trim() === text,
      (1_000 + sent).toLocaleString("en-US"),
      { timeout: 5_000 },
    );
    const settled = await metrics(devtools);
    const busy =
      (after.task - before.task) /
      (after.takenAt - before.takenAt);
    const bytes = (settled.heap - before.heap) / sent;
    process.stderr.write(
      `1,000 events/s for ${seconds} s: ${sent} of ${sent} shown, main thread busy ${(100 * busy).toFixed(0)} % ` +
        `(script ${((100 * (after.script - before.script)) / (after.takenAt - before.takenAt)).toFixed(0)} %), ` +
        `heap ${mib(before.heap)} → ${mib(settled.heap)} MiB, ${Math.round(bytes)} bytes an event\n`,
    );
    expect(sent).toBe(30_000);
    expect(server.server.manager.stats().evictions).toBe(0);
    expect(busy).toBeLessThan(0.6);
    // What is held is the events themselves; beyond MAX_EVENTS the oldest leave.
    expect(bytes).toBeLessThan(2_500);
  });

  test("holds no more than its bound: memory stays where it is", async () => {
    // Far more than the page holds, so that it has to let go of events again and again.
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

/** CPU time in seconds, memory in bytes. */
interface Metrics {
  takenAt: number;
  task: number;
  script: number;
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
    script: value("ScriptDuration"),
    heap: value("JSHeapUsedSize"),
  };
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
