/// <reference lib="dom" />
/** From the server to the page: long histories, broken connections, tokens. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describeInBrowser } from "../../helpers/dashboard/browser.ts";
import {
  demoFleet,
  makeEvent,
  manyEvents,
} from "../../helpers/dashboard/fleet.ts";
import { dashboard } from "../../helpers/dashboard/modules.ts";
import {
  browserSession,
  isLive,
  waitForCount,
} from "../../helpers/dashboard/session.ts";

jest.setTimeout(60_000);

describeInBrowser("the dashboard and its server", () => {
  const { start, open, openFleet } = browserSession();

  const seqsInSight = (page: Page): Promise<number[]> =>
    page
      .locator(".log-row")
      .evaluateAll((rows) =>
        rows
          .map((row) => Number(row.getAttribute("data-seq")))
          .sort((a, b) => a - b),
      );
  /** All events that the page holds, shown or not, as an export has them. */
  const heldSeqs = async (page: Page): Promise<number[]> => {
    await page.getByRole("button", { name: "Export" }).click();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: /^JSONL/ }).click(),
    ]);
    return readFileSync(await file.path(), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => Number(JSON.parse(line).seq));
  };
  const requestsForEvents = async (page: Page) => {
    const urls = await page.evaluate(() =>
      performance.getEntriesByType("resource").map(({ name }) => name),
    );
    return urls
      .map((url) => new URL(url))
      .filter(({ pathname }) => pathname === "/api/events")
      .map(({ search, searchParams }) => ({
        query: search,
        since: Number(searchParams.get("since")),
      }));
  };

  test("reads a long history in one request, while the page is still loading, with no event lost or doubled", async () => {
    const { url, store } = await start({
      history: dashboard.createMemoryHistory(40_000),
    });
    const end = Date.now();
    store(
      Array.from({ length: 32_000 }, (_, n) =>
        makeEvent("orch", "event", `stored ${n + 1}`, end - 32_000 + n, {
          metadata: { text: n < 20_500 ? "ü €" : "x".repeat(n % 1_900) },
        }),
      ),
    );
    const { page } = await open(url);
    await isLive(page);
    await waitForCount(page, "32,000");
    expect((await requestsForEvents(page)).map(({ query }) => query)).toEqual([
      "?format=ndjson&since=0&newest=200000",
    ]);
    const { asked, loaded } = await page.evaluate(() => {
      const events = performance
        .getEntriesByType("resource")
        .find(({ name }) => name.includes("/api/events"));
      const [page] = performance.getEntriesByType("navigation");
      return { asked: events?.startTime ?? 0, loaded: page?.duration ?? 0 };
    });
    expect(asked).toBeLessThan(loaded);
    expect((await seqsInSight(page)).at(-1)).toBe(32_000);
    expect(await heldSeqs(page)).toEqual(
      Array.from({ length: 32_000 }, (_, n) => n + 1),
    );
  });

  test("goes on where a broken download ended, with no event lost or doubled", async () => {
    const memory = dashboard.createMemoryHistory();
    const stderr = jest.spyOn(console, "error").mockImplementation(() => {});
    let breaks = 3;
    // What a browser has not yet handed over when a download breaks is gone.
    let arrived = (): void => undefined;
    const hasArrived = new Promise<void>((resolve) => (arrived = resolve));
    const { url, store } = await start({
      history: {
        ...memory,
        get firstSeq() {
          return memory.firstSeq;
        },
        get lastSeq() {
          return memory.lastSeq;
        },
        read(since, limit) {
          if (breaks > 0 && since >= (4 - breaks) * 2_000) {
            breaks -= 1;
            return hasArrived.then(() => {
              throw new Error("database is locked");
            });
          }
          return memory.read(since, limit);
        },
      },
    });
    store(manyEvents(9_000, Date.now()));
    const { page } = await open(url);
    await page.waitForSelector(".log-row");
    arrived();
    await isLive(page);
    await waitForCount(page, "9,000");
    stderr.mockRestore();
    expect(breaks).toBe(0);
    expect(await heldSeqs(page)).toEqual(
      Array.from({ length: 9_000 }, (_, n) => n + 1),
    );
    const [first, ...later] = await requestsForEvents(page);
    expect(first?.since).toBe(0);
    expect(later.length).toBeGreaterThan(0);
    expect(later.every(({ since }) => since > 0)).toBe(true);
  });

  test("resumes by itself after a restart, with no event lost or doubled", async () => {
    const history = dashboard.createMemoryHistory();
    const first = await start({ history });
    first.store(demoFleet(Date.now()));
    const { page } = await open(first.url);
    await isLive(page);
    await waitForCount(page, "231");
    await first.stop();
    await page.waitForSelector('.pill[data-state="reconnecting"]');
    await page.getByText("What you see is kept").waitFor();
    // Written while nobody was listening, as a database would keep them.
    for (let n = 0; n < 7; n++)
      history.append?.(makeEvent("orch", "event", `missed ${n}`, Date.now()));
    const second = await start({ history, port: first.port });
    await isLive(page);
    await waitForCount(page, "238");
    second.publish(makeEvent("orch", "event", "after", Date.now()));
    await waitForCount(page, "239");
    const seqs = await seqsInSight(page);
    expect(seqs.slice(-9)).toEqual([
      231, 232, 233, 234, 235, 236, 237, 238, 239,
    ]);
    expect(new Set(seqs).size).toBe(seqs.length);
    expect(await page.locator(".pill-seq").textContent()).toContain("239");
  });

  test("starts anew, and says so, when the server has another stream", async () => {
    const first = await start();
    first.store(demoFleet(Date.now()));
    const { page } = await open(first.url);
    await isLive(page);
    await waitForCount(page, "231");
    await first.stop();
    const second = await start({ port: first.port });
    second.store([makeEvent("solo", "agent_started", "fresh", Date.now())]);
    await waitForCount(page, "1");
    await page.getByText("The server has a new event stream").waitFor();
    expect(await page.getByRole("treeitem").count()).toBe(1);
  });

  test("takes the token out of the address, and keeps it for later", async () => {
    const server = await start({ token: "s3cret-token" });
    server.store(demoFleet(Date.now()));
    const { page, problems } = await open(
      `${server.url}?level=error#token=s3cret-token`,
    );
    const requested: string[] = [];
    page.on("request", (request) => requested.push(request.url()));
    page.on("websocket", (socket) => requested.push(socket.url()));
    await isLive(page);
    expect(page.url()).toBe(`${server.url}?level=error`);
    await page.reload();
    await isLive(page);
    await waitForCount(page, "3 of 231");
    expect(problems).toEqual([]);
    expect(requested.length).toBeGreaterThan(3);
    expect(requested.join("\n")).not.toContain("s3cret");
    expect(
      await page.evaluate(() => [
        document.referrer,
        Object.values(localStorage),
        document.cookie,
      ]),
    ).toEqual(["", ["s3cret-token"], ""]);
  });

  test("helps when the token is wrong or missing", async () => {
    const server = await start({ token: "right" });
    const { page } = await open(`${server.url}#token=wrong`);
    await page.getByRole("heading", { name: "A token is needed" }).waitFor();
    await page.getByText("The server does not accept this token.").waitFor();
    expect(await page.locator(".pill-text").textContent()).toBe("Refused");
    await page.getByLabel("Token", { exact: true }).fill("right");
    await page.getByRole("button", { name: "Connect" }).click();
    await isLive(page);
    const other = await open(server.url);
    await other.page
      .getByText("This server asks for a token, and the address held none.")
      .waitFor();
  });

  test("takes a new token from an address pasted into the same tab", async () => {
    const server = await start({ token: "right" });
    const { page } = await open(`${server.url}#token=wrong`);
    await page.getByRole("heading", { name: "A token is needed" }).waitFor();
    await page.goto(`${server.url}#token=right`);
    await isLive(page);
    expect(new URL(page.url()).hash).toBe("");
  });

  test("says that the server is full, and when it tries again", async () => {
    const { page } = await openFleet("", {}, { maxConnections: 1 });
    const other = await open(page.url());
    await other.page.getByText("server is full").waitFor();
    expect(await other.page.locator(".pill-text").textContent()).toBe(
      "Refused",
    );
    await page.context().close();
    await other.page.getByRole("button", { name: "Try now" }).click();
    await isLive(other.page);
  });

  test("says so when the events can be read, but the WebSocket cannot be opened", async () => {
    const server = await start();
    server.store(demoFleet(Date.now()));
    const { page } = await open("about:blank");
    await page.addInitScript(() => {
      const Original = WebSocket;
      window.WebSocket = class extends Original {
        constructor(url: string | URL) {
          super(String(url).replace(/since=\d+/, "since=refused"));
        }
      };
    });
    await page.goto(server.url);
    await page.getByText("its WebSocket cannot be opened").waitFor();
    await waitForCount(page, "231");
    // The button does not claim what is not so.
    expect(await page.locator(".live-button").getAttribute("data-state")).toBe(
      "reconnecting",
    );
  });

  test("holds a long history, and reads only the newest part of a longer one", async () => {
    const server = await start();
    server.store(manyEvents(20_000, Date.now()));
    const { page } = await open(server.url);
    await waitForCount(page, "20,000");
    await page.locator("#log-list").focus();
    await page.keyboard.press("Home");
    await page.waitForSelector('.log-row[data-seq="1"]');
    await page.keyboard.press("End");
    await page.waitForSelector('.log-row[data-seq="20000"]');
    expect(await page.locator(".log-row").count()).toBeLessThan(80);
  });
});
