/// <reference lib="dom" />
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describeInBrowser } from "../../helpers/dashboard/browser.ts";
import { demoFleet, makeEvent } from "../../helpers/dashboard/fleet.ts";
import type { NewEvent } from "../../helpers/dashboard/modules.ts";
import {
  browserSession,
  isLive,
  waitForCount,
} from "../../helpers/dashboard/session.ts";

declare global {
  interface Window {
    /** Class of the panel that cannot be drawn. */
    broken: string;
    announced: string[];
  }
}

jest.setTimeout(90_000);

describeInBrowser("the dashboard's page", () => {
  const { openWith, open, start } = browserSession();

  const focused = (page: Page): Promise<string> =>
    page.evaluate(() => {
      const element = document.activeElement;
      return element?.id || element?.className || element?.tagName || "";
    });

  test("an event type of constructor, on load and live, kills no panel", async () => {
    const names = ["constructor", "toString", "__proto__", "hasOwnProperty"];
    const events = (): NewEvent[] =>
      names.flatMap((name) => [
        makeEvent(name, name, name, Date.now(), {
          session: name,
          metadata: { name, step: name, tool_name: name, status: name },
        }),
        makeEvent(name, "agent_status_changed", name, Date.now(), {
          session: name,
          metadata: { status: name },
        }),
        makeEvent(name, "step_end", name, Date.now(), {
          session: name,
          metadata: { step: name, duration_ms: 5 },
        }),
      ]);
    const { page, server, problems } = await openWith(
      events(),
      "?panel=numbers&session=constructor&agent=__proto__&type=toString",
    );
    events().forEach((item) => server.publish(item));
    await page.getByRole("button", { name: "Log", exact: true }).last().click();
    await page.getByRole("button", { name: "Clear", exact: true }).click();
    await waitForCount(page, "24");
    expect(await page.getByRole("treeitem").count()).toBe(4);
    expect(await page.locator(".panel-failed").count()).toBe(0);
    expect(await page.evaluate(() => "totalMs" in {})).toBe(false);
    expect(problems).toEqual([]);
  });

  test("a panel that fails says so, keeps the others alive, and comes back", async () => {
    const server = await start();
    server.store(demoFleet(Date.now()));
    const { page } = await open("about:blank");
    await page.addInitScript(() => {
      window.broken = "panel fleet";
      const setAttribute: (name: string, value: string) => void = Reflect.get(
        Element.prototype,
        "setAttribute",
      );
      Element.prototype.setAttribute = function (name, value) {
        if (this.tagName !== "SECTION" || !value.startsWith(window.broken))
          return setAttribute.call(this, name, value);
        if (value.includes("failed"))
          return setAttribute.call(this, name, value);
        throw new Error("cannot be drawn");
      };
    });
    await page.goto(server.url);
    await isLive(page);
    await page.getByText("Fleet failed").waitFor();
    await waitForCount(page, "231");
    server.publish(makeEvent("orch", "event", "more", Date.now()));
    await waitForCount(page, "232");
    expect(await page.getByRole("treeitem").count()).toBe(0);
    await page.evaluate(() => (window.broken = "none"));
    await page.getByRole("button", { name: "Reload the panel" }).click();
    await page.getByRole("treeitem").first().waitFor();
    expect(await page.getByText("Fleet failed").count()).toBe(0);
  });

  test("a timeline that cannot be painted says so too", async () => {
    const { page } = await openWith(demoFleet(Date.now()));
    await page.evaluate(() => {
      HTMLCanvasElement.prototype.getContext = () => {
        throw new Error("no context");
      };
    });
    const notice = page.getByText("Timeline failed");
    await notice.waitFor();
    await waitForCount(page, "231");
    expect(await notice.isVisible()).toBe(true);
  });

  test("a tool call's duration reads 1252 and 1.3 s, each by itself", async () => {
    const { page } = await openWith(
      [
        makeEvent("a", "tool_call", "Read", Date.now(), {
          metadata: { tool_name: "Read", duration_ms: 1252 },
        }),
      ],
      "?event=1",
    );
    const text = await page.locator(".tree-view").textContent();
    expect(text).toContain("1252 = 1.3 s");
  });

  test("an event from the future bends no time of others, and the log shows the day", async () => {
    const now = Date.now();
    const yesterday = now - 86_400_000;
    const { page, server } = await openWith([
      makeEvent("a", "agent_started", "old", yesterday),
      makeEvent("b", "agent_started", "ahead", now + 400 * 86_400_000),
      makeEvent("c", "agent_started", "now", now - 5_000),
    ]);
    server.publish(makeEvent("d", "agent_started", "live", Date.now()));
    await waitForCount(page, "4");
    const elapsed = await page.locator(".agent-elapsed").allTextContents();
    expect(elapsed.slice(2).join(" ")).not.toMatch(/ [mhd]\b/);
    expect(elapsed.join(" ")).not.toMatch(/\d{3} d/);
    const day = (time: number): string =>
      new Date(time).toLocaleDateString("en-US", {
        month: "short",
        day: "numeric",
      });
    const first = page.locator('.log-row[data-seq="1"] .log-time');
    expect(await first.textContent()).toContain(day(yesterday));
  });

  test("three failed agents are Failed 3, and waiting ones do not count as working", async () => {
    const now = Date.now();
    const { page } = await openWith([
      ...["a", "b", "c"].flatMap((id) => [
        makeEvent(id, "agent_started", "go", now),
        makeEvent(id, "error", "bad", now, { level: "error" }),
        makeEvent(id, "agent_failed", "over", now, { level: "error" }),
      ]),
      makeEvent("d", "agent_started", "go", now),
      makeEvent("e", "agent_started", "go", now),
      makeEvent("e", "permission_request", "may I?", now, {
        metadata: { tool_use_id: "t" },
      }),
      makeEvent("e", "tool_call", "Read", now, {
        metadata: { tool_name: "Read", tool_use_id: "u", duration_ms: 1 },
      }),
    ]);
    await page.locator(".need", { hasText: "Permission" }).waitFor();
    const stats = await page.locator(".stats").innerText();
    expect(stats).toMatch(/Failed\s+3\s/);
    expect(stats).toMatch(/Error events\s+6/);
    expect(stats).toMatch(/Working\s+1\s+of 5\s*, 1 waiting/);
  });

  test("numbers beyond 300 agents are summed up, so that the totals agree", async () => {
    const now = Date.now();
    const { page } = await openWith(
      Array.from({ length: 310 }, (_, n) =>
        makeEvent(`a${n}`, "prompt_completed", "p", now, {
          metadata: { tokens_input: 1, tokens_output: 2 },
        }),
      ),
      "?panel=numbers",
    );
    const more = page.getByRole("row", { name: /^and 10 more agents/ });
    expect(await more.innerText()).toMatch(/\s10\s+20\s/);
    const total = page.getByRole("row", { name: /^Total of 310 agents/ });
    expect(await total.innerText()).toMatch(/\s310\s+620\s/);
  });

  test("a session filter applies to all panels, and overlooks nobody", async () => {
    const now = Date.now();
    const { page } = await openWith(
      [
        makeEvent("a", "agent_started", "a", now, { session: "s1" }),
        makeEvent("b", "agent_started", "b", now, { session: "s2" }),
        makeEvent("b", "permission_request", "may I?", now, { session: "s2" }),
      ],
      "?session=s1",
    );
    await waitForCount(page, "1 of 3");
    expect(await page.locator(".agent-name").allTextContents()).toEqual(["a"]);
    expect(await page.locator(".stats").innerText()).toMatch(
      /Working\s+1\s+of 1\s/,
    );
    await page.getByText("Nothing needs you in the chosen session").waitFor();
    await page.getByRole("button", { name: "1 in other sessions" }).click();
    await page.locator(".need", { hasText: "Permission" }).waitFor();
    expect(await page.getByRole("treeitem").count()).toBe(2);
  });

  test("a click shows only that agent, with Ctrl one more; Back and Forward step through it", async () => {
    const { page } = await openWith(demoFleet(Date.now()));
    await waitForCount(page, "231");
    const agents = () => new URL(page.url()).searchParams.getAll("agent");
    await page.getByRole("treeitem", { name: /reviewer/ }).click();
    await page.waitForURL(/agent=review/);
    await page.getByRole("treeitem", { name: /tester/ }).click();
    await page.waitForURL(/agent=test/);
    expect(agents()).toEqual(["test"]);
    await page
      .getByRole("treeitem", { name: /reviewer/ })
      .click({ modifiers: ["Control"] });
    await page.waitForURL(/agent=review/);
    expect(agents()).toEqual(["test", "review"]);
    await page.fill("#search", "checkout");
    await page.waitForURL(/q=checkout/);
    await page.locator(".log-row").first().click();
    await page.waitForURL(/event=/);
    await page.goBack();
    await page.waitForURL((url) => !url.search.includes("event"));
    expect(await page.locator(".detail").count()).toBe(0);
    await page.goBack();
    await page.waitForURL((url) => !url.search.includes("review"));
    expect(agents()).toEqual(["test"]);
    await page.goBack();
    await page.goBack();
    await waitForCount(page, "231");
    expect(agents()).toEqual([]);
    await page.goForward();
    await page.waitForURL(/agent=review/);
    await waitForCount(page, "18 of 231");
  });

  test("a copied link opens without asking for the token again, and can be told to forget", async () => {
    const { page, server } = await openWith(
      [],
      "#token=s3cret",
      {},
      {
        token: "s3cret",
      },
    );
    const link = `${server.url}?panel=log`;
    const other = await page.context().newPage();
    await other.goto(link);
    await isLive(other);
    expect(other.url()).toBe(link);
    await other.getByRole("button", { name: /^Help/ }).click();
    await other.getByRole("button", { name: "Forget the token" }).click();
    await other.getByRole("heading", { name: "A token is needed" }).waitFor();
  });

  test("a token that the server refuses is not kept", async () => {
    const server = await start({ token: "right" });
    const { page } = await open(`${server.url}#token=wrong`);
    await page.getByRole("heading", { name: "A token is needed" }).waitFor();
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
  });

  test("24 events a second make at most one announcement in five seconds", async () => {
    const { page, server } = await openWith(demoFleet(Date.now()));
    await waitForCount(page, "231");
    await page.evaluate(() => {
      window.announced = [];
      const regions = "[role=status], [role=alert], [aria-live]";
      const observer = new MutationObserver((changes) => {
        for (const { target } of changes) {
          const element =
            target instanceof Element ? target : target.parentElement;
          const region = element?.closest(regions);
          if (region)
            window.announced.push(`${region.className}|${region.textContent}`);
        }
      });
      observer.observe(document.body, {
        childList: true,
        characterData: true,
        subtree: true,
      });
    });
    const from = Date.now();
    for (let n = 0; n < 150; n++) {
      server.publish(makeEvent("orch", "event", `e ${n}`, Date.now()));
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    const said = await page.evaluate(() => window.announced);
    expect(said.length).toBeGreaterThan(0);
    // On a busy machine the events take longer than six seconds.
    const periods = Math.ceil((Date.now() - from) / 5_000);
    expect(said.length).toBeLessThanOrEqual(periods + 1);
    expect(said.join(" ")).toMatch(/Live, \d+ new events, 3 need you/);
  });

  test("the focus is kept after Esc, after dismissing, and when a button goes away", async () => {
    const { page } = await openWith(demoFleet(Date.now()));
    await waitForCount(page, "231");
    await page.locator(".need-main").first().focus();
    await page.keyboard.press("Enter");
    await page.locator("#detail").focus();
    await page.keyboard.press("Escape");
    await page.waitForSelector(".detail", { state: "detached" });
    expect(await focused(page)).toBe("need-main");
    for (const left of [2, 1, 0]) {
      await page.locator(".need-dismiss").first().focus();
      await page.keyboard.press("Enter");
      await page.waitForFunction(
        (count) => document.querySelectorAll(".need").length === count,
        left,
      );
      await page.waitForFunction(
        () => document.activeElement?.closest(".needs") !== null,
      );
    }
    await page.keyboard.press("/");
    await page.locator("#search:focus").waitFor();
    await page.keyboard.press("Escape");
    expect(await focused(page)).toBe("log-list");
    await page.fill("#search", "checkout");
    const clear = page.getByRole("button", { name: "Clear", exact: true });
    await clear.focus();
    await page.keyboard.press("Enter");
    await clear.waitFor({ state: "detached" });
    await page.waitForFunction(
      () => document.activeElement?.closest(".panel.log") !== null,
    );
  });

  test("forced colours show what is chosen, and draw the timeline in system colours", async () => {
    const { page } = await openWith(demoFleet(Date.now()), "?agent=review");
    const outline = () =>
      page
        .locator('.agent[aria-selected="true"]')
        .evaluate((row) => getComputedStyle(row).outlineStyle);
    expect(await outline()).toBe("none");
    await page.emulateMedia({ forcedColors: "active" });
    expect(await outline()).toBe("solid");
    const ink = await page.evaluate(() =>
      getComputedStyle(document.documentElement).getPropertyValue("--ink"),
    );
    expect(ink.trim()).toBe("CanvasText");
  });

  test("terminal codes and bidirectional overrides reach no text, title or export", async () => {
    const evil = "\u001b[31mred\u001b[0m \u202Egpj.exe";
    const { page } = await openWith(
      [
        makeEvent(evil, "agent_created", evil, Date.now(), {
          metadata: { name: evil, [evil]: evil },
        }),
      ],
      "?event=1",
    );
    await page.locator(".tree-view").waitFor();
    const html = await page.content();
    expect(html).not.toMatch(/[\u001b\u202a-\u202e\u2066-\u2069]|\[31m/);
    expect(await page.locator(".agent-name").textContent()).toBe(
      "red [U+202E]gpj.exe",
    );
    await page.getByRole("button", { name: "Export" }).click();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: /^JSONL/ }).click(),
    ]);
    const exported = readFileSync(await file.path(), "utf8");
    expect(exported).toContain("red [U+202E]gpj.exe");
    expect(exported).not.toMatch(/\u202e|\\u001b/);
  });
});
