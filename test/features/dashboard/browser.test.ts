/// <reference lib="dom" />
import { readFileSync } from "node:fs";
import { mkdtempSync, writeFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
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
  violations,
  waitForCount,
} from "../../helpers/dashboard/session.ts";

declare global {
  interface Window {
    /** When each row was first there. */
    seen: Record<string, number>;
  }
}

jest.setTimeout(60_000);

describeInBrowser("the dashboard in a browser", () => {
  const { start, open, openFleet, openOffline } = browserSession();

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
  const count = (page: Page): Promise<string | null> =>
    page.getByTestId("log-count").textContent();

  test("loads without an error and asks nobody else for anything", async () => {
    const { page, problems, outside, server } = await openFleet();
    await waitForCount(page, "231");
    server.publish(makeEvent("orch", "event", "one more", Date.now()));
    await waitForCount(page, "232");
    expect(problems).toEqual([]);
    expect(outside).toEqual([]);
    expect(await page.title()).toBe("(3) adw-project");
  });

  test("shows the fleet as a tree, with what was recorded", async () => {
    const { page } = await openFleet();
    const rows = await page
      .getByRole("treeitem")
      .evaluateAll((items) =>
        items.map((item) => [
          item.querySelector(".agent-name")?.textContent,
          item.getAttribute("aria-level"),
        ]),
      );
    expect(rows.slice(0, 4)).toEqual([
      ["orchestrator", "1"],
      ["planner", "2"],
      ["scout: payments", "3"],
      ["scout: sessions and cookies", "3"],
    ]);
    const failed = page.locator('.agent[data-activity="failed"]');
    expect(await failed.textContent()).toMatch(
      /2 tests failed: retries twice on HTTP 409.*Failed.*3 errors.*\$0\.73/s,
    );
  });

  test("lists who needs a person, with the reason, and forgets what is dismissed", async () => {
    const { page } = await openFleet();
    const needs = page.locator(".need");
    expect(await needs.locator(".need-kind").allTextContents()).toEqual([
      "Permission",
      "Failed",
      "Looks stuck",
    ]);
    expect(await needs.locator(".need-reason").allTextContents()).toEqual([
      "Bash git push --force-with-lease origin checkout",
      "2 tests failed: retries twice on HTTP 409",
      "Same call 5 times: Bash npm test -- payment",
    ]);
    await page.getByRole("button", { name: /^Dismiss:.*Failed/ }).click();
    await page.reload();
    await isLive(page);
    expect(await needs.locator(".need-kind").allTextContents()).toEqual([
      "Permission",
      "Looks stuck",
    ]);
    await needs.first().locator(".need-main").click();
    expect(await page.locator(".detail code").first().textContent()).toBe(
      "permission_request",
    );
  });

  test("shows an event within 100 ms at the median", async () => {
    const { page, server } = await openFleet();
    await page.evaluate(() => {
      const seen: Record<string, number> = {};
      Object.assign(window, { seen });
      new MutationObserver(() => {
        for (const row of document.querySelectorAll(".log-row")) {
          const seq = row.getAttribute("data-seq") ?? "";
          seen[seq] ??= Date.now();
        }
      }).observe(document.querySelector(".log-list") ?? document, {
        childList: true,
        subtree: true,
      });
    });
    const sent = new Map<number, number>();
    for (let n = 0; n < 60; n++) {
      sent.set(
        server.publish(makeEvent("orch", "event", `ping ${n}`, Date.now())),
        Date.now(),
      );
      await new Promise((resolve) => setTimeout(resolve, 20 + ((n * 7) % 40)));
    }
    const last = Math.max(...sent.keys());
    await page.waitForSelector(`.log-row[data-seq="${last}"]`);
    const seen = await page.evaluate(() => window.seen);
    const delays = [...sent]
      .map(([seq, at]) => (seen[seq] ?? Infinity) - at)
      .sort((a, b) => a - b);
    const median = delays[30] ?? Infinity;
    process.stderr.write(
      `event to row: median ${median} ms, p95 ${delays[57]} ms\n`,
    );
    expect(median).toBeLessThan(100);
  });

  test.each([
    ["agents", "reviewer", "18 of 231"],
    ["types", "milestone", "1 of 231"],
    ["levels", "warning", "2 of 231"],
    ["sessions", "6f1c1a52", "231 of 231"],
  ])("filters by %s", async (field, value, expected) => {
    const { page } = await openFleet();
    await page.click(`[data-filter="${field}"]`);
    await page.getByRole("checkbox", { name: new RegExp(`^${value}`) }).check();
    await waitForCount(page, expected);
    await page.keyboard.press("Escape");
    await page.reload();
    await isLive(page);
    await waitForCount(page, expected);
    await page.getByRole("button", { name: "Clear", exact: true }).click();
    await waitForCount(page, "231");
    expect(new URL(page.url()).search).not.toContain("zzz");
  });

  test("filters by agent from the fleet, with mouse and keyboard", async () => {
    const { page } = await openFleet();
    await page.getByRole("treeitem", { name: /reviewer/ }).click();
    await waitForCount(page, "18 of 231");
    await page.keyboard.press("Enter");
    await waitForCount(page, "231");
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowLeft");
    expect(await page.getByRole("treeitem").count()).toBe(1);
    await page.keyboard.press("ArrowRight");
    expect(await page.getByRole("treeitem").count()).toBe(11);
  });

  test("searches messages and metadata, and marks what it found", async () => {
    const { page } = await openFleet();
    await page.keyboard.press("/");
    await page.keyboard.type("checkout-7");
    await waitForCount(page, "2 of 231");
    expect(await page.locator(".log-row mark").allTextContents()).toEqual([
      "checkout-7",
      "checkout-7",
    ]);
    await page.fill("#search", "force-with-lease");
    await waitForCount(page, "1 of 231");
    await page.fill("#search", "nothing like this");
    await page.getByText("No event matches").waitFor();
    await page.getByRole("button", { name: "Clear the filters" }).click();
    await waitForCount(page, "231");
  });

  test("filters by a time range drawn on the ruler", async () => {
    const { page } = await openFleet();
    const box = await page.getByTestId("timeline-canvas").boundingBox();
    if (box === null) throw new Error("no timeline");
    await page.mouse.move(box.x + 300, box.y + 10);
    await page.mouse.down();
    await page.mouse.move(box.x + 480, box.y + 10, { steps: 5 });
    await page.mouse.up();
    await page.getByRole("button", { name: "Remove the time range" }).waitFor();
    const shown = Number((await count(page))?.split(" ")[0]);
    expect(shown).toBeGreaterThan(0);
    expect(shown).toBeLessThan(231);
    await page.waitForURL(/from=.*&to=/);
  });

  test("pauses with Space, counts what is new, and resumes", async () => {
    const { page, server } = await openFleet();
    await waitForCount(page, "231");
    await page.locator("body").press("Space");
    for (let n = 0; n < 5; n++)
      server.publish(makeEvent("orch", "event", "new", Date.now()));
    await page.getByText("5 new").waitFor();
    expect(await count(page)).toBe("231");
    await page.locator("body").press("Space");
    await waitForCount(page, "236");
  });

  test("follows the newest row until the reader scrolls up", async () => {
    const { page, server } = await openFleet();
    const list = page.locator("#log-list");
    const distance = () =>
      list.evaluate(
        (element) =>
          element.scrollHeight - element.scrollTop - element.clientHeight,
      );
    expect(await distance()).toBeLessThan(2);
    server.publish(makeEvent("orch", "event", "followed", Date.now()));
    await page.waitForSelector('.log-row[data-seq="232"]');
    await page.waitForFunction(() => {
      const element = document.querySelector("#log-list");
      return (
        element !== null &&
        element.scrollHeight - element.scrollTop - element.clientHeight < 2
      );
    });
    await list.hover();
    await page.mouse.wheel(0, -1500);
    await page.waitForFunction(
      () => (document.querySelector("#log-list")?.scrollTop ?? 1e9) < 5000,
    );
    await page.getByRole("button", { name: "Latest" }).last().waitFor();
    const before = await list.evaluate((element) => element.scrollTop);
    for (let n = 0; n < 3; n++)
      server.publish(makeEvent("orch", "event", "not followed", Date.now()));
    await page.getByText("3 new").click();
    expect(await distance()).toBeLessThan(2);
    expect(await list.evaluate((element) => element.scrollTop)).toBeGreaterThan(
      before,
    );
  });

  test("opens an event with its metadata as a tree, and copies it masked", async () => {
    const { page } = await openFleet("?level=error", {
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await waitForCount(page, "3 of 231");
    await page.locator(".log-row").first().click();
    const detail = page.locator(".detail");
    expect(await detail.locator(".key").allTextContents()).toEqual([
      "error_type",
      "failed",
      "passed",
      "stack",
      "api_key",
    ]);
    await detail.getByRole("button", { name: "Copy JSON" }).click();
    await detail.getByText("Copied").waitFor();
    const copied = JSON.parse(
      await page.evaluate(() => navigator.clipboard.readText()),
    );
    expect(copied.metadata).toMatchObject({ failed: 2, api_key: "[masked]" });
    await page.locator("#log-list").focus();
    await page.keyboard.press("ArrowDown");
    expect(await detail.locator("code").first().textContent()).toBe("step_end");
    await page.keyboard.press("Escape");
    expect(await detail.count()).toBe(0);
  });

  test("goes from a row to its mark, and from a mark to its row", async () => {
    const { page } = await openFleet("?panel=log");
    await page.locator('.log-row[data-seq="231"]').click();
    await page.getByRole("button", { name: "Show in timeline" }).click();
    await page
      .locator(".timeline [aria-live]", { hasText: "writer: docs" })
      .waitFor({ state: "attached" });
    await page.locator(".lanes").focus();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Enter");
    await page.waitForURL(/event=230/);
    expect(
      await page
        .locator('.log-row[aria-selected="true"]')
        .getAttribute("data-seq"),
    ).toBe("230");
  });

  test("tells what is under the pointer, on a mark and on a step, until Escape", async () => {
    const { page } = await openFleet();
    await waitForCount(page, "231");
    const box = await page.getByTestId("timeline-canvas").boundingBox();
    if (box === null) throw new Error("no timeline");
    const tip = page.locator(".tip");
    const said = new Set<string>();
    // Along the first lane: its steps lie above, its marks below.
    for (const y of [34, 46])
      for (let x = 190; x < box.width; x += 6) {
        await page.mouse.move(box.x + x, box.y + y);
        if (await tip.isVisible()) said.add(await tip.innerText());
      }
    expect([...said].join("\n---\n")).toMatch(
      /plan\s+orchestrator, took 2 m 28 s\s+since \d\d:\d\d/,
    );
    expect([...said].join("\n---\n")).toMatch(
      /build\s+orchestrator, running for \d+ m/,
    );
    expect([...said].join("\n---\n")).toMatch(
      /orchestrator created\s+orchestrator, \d\d:\d\d:\d\d/,
    );
    await page.locator(".lanes").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await tip.waitFor();
    await page.keyboard.press("Escape");
    await tip.waitFor({ state: "detached" });
  });

  test("zooms and pans the timeline with the keyboard and the wheel", async () => {
    const { page } = await openFleet();
    const picture = () =>
      page
        .getByTestId("timeline-canvas")
        .screenshot()
        .then((png) => png.toString("base64"));
    const all = await picture();
    await page.locator(".lanes").focus();
    await page.keyboard.press("+");
    await page.keyboard.press("+");
    await page.waitForTimeout(60);
    const zoomed = await picture();
    expect(zoomed).not.toBe(all);
    await page.keyboard.press("Shift+ArrowLeft");
    await page.waitForTimeout(60);
    expect(await picture()).not.toBe(zoomed);
    expect(
      await page
        .getByRole("button", { name: "Latest" })
        .first()
        .getAttribute("aria-pressed"),
    ).toBe("false");
    await page.keyboard.press("0");
    expect(
      await page
        .getByRole("button", { name: "All", exact: true })
        .getAttribute("aria-pressed"),
    ).toBe("true");
  });

  test("opens a shared link as it was: filter, text, event", async () => {
    const { page } = await openFleet(
      "?agent=review&type=tool_call&q=part_1&event=112",
    );
    await waitForCount(page, "3 of 231");
    expect(await page.inputValue("#search")).toBe("part_1");
    expect(await page.locator("#detail-title").textContent()).toBe("Event 112");
    await page.waitForTimeout(400);
    expect(new URL(page.url()).search).toBe(
      "?agent=review&type=tool_call&q=part_1&event=112",
    );
  });

  test("replays the past from any moment, at its speed, and returns to live", async () => {
    const { page, server } = await openFleet();
    await waitForCount(page, "231");
    const scrubber = page.getByRole("slider", { name: "Moment" });
    await scrubber.fill("250");
    await page.waitForSelector('.pill[data-state="replay"]');
    const early = Number(await count(page));
    expect(early).toBeGreaterThan(10);
    expect(early).toBeLessThan(120);
    // The fleet is as it was: nobody had failed yet.
    expect(await page.locator('.agent[data-activity="failed"]').count()).toBe(
      0,
    );
    await page.waitForURL(/at=/);
    const moment = async (): Promise<number> =>
      Number(await scrubber.inputValue());
    await page.getByRole("button", { name: "100×" }).click();
    const from = await moment();
    const startedAt = Date.now();
    await page.getByRole("button", { name: "Play the past" }).click();
    await page.waitForTimeout(1_500);
    await page.getByRole("button", { name: "Stop the replay" }).click();
    const played = ((await moment()) - from) * 0.656; // seconds of 656 s
    const expected = ((Date.now() - startedAt) / 1000) * 100;
    expect(played).toBeGreaterThan(expected * 0.6);
    expect(played).toBeLessThan(expected * 1.2);
    expect(Number(await count(page))).toBeGreaterThan(early);
    // New events do not disturb the past.
    server.publish(makeEvent("orch", "event", "meanwhile", Date.now()));
    const still = await count(page);
    await page.waitForTimeout(300);
    expect(await count(page)).toBe(still);
    await page.keyboard.press("l");
    await waitForCount(page, "232");
  });

  test.each(["jsonl", "csv"])(
    "exports the selection as %s, masked",
    async (kind) => {
      const { page } = await openFleet("?level=error");
      await waitForCount(page, "3 of 231");
      await page.getByRole("button", { name: "Export" }).click();
      const [file] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: new RegExp(`^${kind}`, "i") }).click(),
      ]);
      expect(file.suggestedFilename()).toMatch(
        new RegExp(`^agents-[-0-9T]+\\.${kind}$`),
      );
      const text = readFileSync(await file.path(), "utf8");
      expect(text).not.toContain("notarealkey");
      expect(text).toContain("[masked]");
      expect(text.trim().split("\n")).toHaveLength(kind === "csv" ? 4 : 3);
    },
  );

  test("exports a page that replays offline, alone", async () => {
    const { page, server } = await openFleet("?agent=build-2&agent=review");
    await waitForCount(page, "56 of 231");
    await page.getByRole("button", { name: "Export" }).click();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: /^HTML/ }).click(),
    ]);
    const html = readFileSync(await file.path(), "utf8");
    expect(html).not.toContain("notarealkey");
    await server.stop();
    const folder = mkdtempSync(join(tmpdir(), "adw-export-"));
    try {
      const path = join(folder, "recording.html");
      writeFileSync(path, html);
      const offline = await openOffline();
      const problems: string[] = [];
      const requests: string[] = [];
      offline.on(
        "console",
        (message) =>
          message.type() === "error" && problems.push(message.text()),
      );
      offline.on("pageerror", (error) => problems.push(error.message));
      offline.on("request", (request) => requests.push(request.url()));
      await offline.goto(pathToFileURL(path).href);
      await offline.waitForSelector('.pill[data-state="offline"]');
      await waitForCount(offline, "56");
      expect(await offline.getByRole("treeitem").count()).toBe(2);
      await offline.getByRole("slider", { name: "Moment" }).fill("100");
      expect(Number(await count(offline))).toBeLessThan(56);
      await offline.getByRole("button", { name: "100×" }).click();
      await offline.getByRole("button", { name: "Play the past" }).click();
      await waitForCount(offline, "56");
      expect(problems).toEqual([]);
      expect(
        requests.filter(
          (url) => !url.startsWith("data:") && !url.startsWith("file:"),
        ),
      ).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

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

  test("says so when a recording cannot be made", async () => {
    const { page } = await openFleet();
    await page.evaluate(() => {
      crypto.subtle.digest = () => Promise.reject(new Error("not today"));
    });
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("button", { name: /^HTML/ }).click();
    await page.getByText("The export could not be made: ").waitFor();
    const button = page.getByRole("button", { name: "Export" });
    expect(await button.isVisible()).toBe(true);
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

  test("lets keys of a single character be switched off, for good", async () => {
    const { page } = await openFleet();
    await page.keyboard.press("?");
    await page.getByRole("checkbox", { name: /single character/ }).uncheck();
    await page.keyboard.press("Escape");
    await page.reload();
    await isLive(page);
    await page.keyboard.press("p");
    await page.keyboard.press("/");
    await page.keyboard.press("?");
    await page.locator("body").press("Space");
    await page.getByRole("button", { name: "Resume" }).waitFor();
    expect(await page.getByRole("dialog").count()).toBe(0);
    expect(await page.locator("#search:focus").count()).toBe(0);
    expect(await page.locator('.pill[data-state="replay"]').count()).toBe(0);
    await page.getByRole("button", { name: /^Help/ }).click();
    await page.getByRole("checkbox", { name: /single character/ }).check();
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    await page.locator("#search:focus").waitFor();
  });

  test("names the agent of a shared link, and keeps a long message from hiding the rest", async () => {
    const server = await start();
    server.store([
      makeEvent("a-1", "agent_created", "x".repeat(5_000), Date.now(), {
        metadata: { name: "the builder" },
      }),
    ]);
    const { page } = await open(`${server.url}?agent=a-1&event=1`);
    await isLive(page);
    await page.getByRole("button", { name: "Agent: the builder" }).waitFor();
    const message = page.locator(".detail-message");
    expect((await message.textContent())?.length).toBeLessThan(1_000);
    await page.getByRole("button", { name: "Show all 5,000" }).click();
    expect((await message.textContent())?.length).toBe(5_000);
  });

  test("explains its keys at ?", async () => {
    const { page } = await openFleet();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard and mouse" }).waitFor();
    await page.keyboard.press("Escape");
    expect(await page.getByRole("dialog").count()).toBe(0);
  });

  test("keeps what a hostile event says from becoming markup", async () => {
    const server = await start();
    const evil =
      '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>';
    const metadata = {
      name: evil,
      [evil]: evil,
      model: evil,
      step: evil,
      __proto__x: { constructor: evil },
    };
    server.store([
      makeEvent(evil, "agent_created", evil, Date.now(), { metadata }),
      makeEvent(evil, "step_start", evil, Date.now(), { metadata }),
      makeEvent("__proto__", "step_end", evil, Date.now(), {
        metadata: { step: "__proto__" },
      }),
      makeEvent("constructor", "tool_call", evil, Date.now(), {
        metadata: { tool_name: "x", tool_use_id: "__proto__" },
      }),
    ]);
    const { page, problems } = await open(server.url);
    await waitForCount(page, "4");
    await page.locator(".log-row").first().click();
    await page.locator(".tree-view").waitFor();
    expect(await page.evaluate(() => "pwned" in window)).toBe(false);
    expect(problems).toEqual([]);
  });

  // browser.slow.test.ts has every view, theme and width.
  test.each(["light", "dark"] as const)(
    "axe finds no violation in the %s theme",
    async (colorScheme) => {
      const { page } = await openFleet("?event=166", { colorScheme });
      expect(await violations(page)).toEqual([]);
    },
  );

  test("at 360 px nothing is cut off sideways", async () => {
    const { page } = await openFleet("?event=166", {
      viewport: { width: 360, height: 800 },
    });
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth,
    );
    expect(overflow).toBeLessThanOrEqual(0);
  });

  test("stands still when motion is to be reduced", async () => {
    const { page } = await openFleet("", { reducedMotion: "reduce" });
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
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
