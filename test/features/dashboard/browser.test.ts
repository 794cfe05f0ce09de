/// <reference lib="dom" />
/** What a person sees and does: the fleet, the log, one event; filters, search, keys. */
import { describeInBrowser } from "../../helpers/dashboard/browser.ts";
import { makeEvent } from "../../helpers/dashboard/fleet.ts";
import {
  browserSession,
  isLive,
  shownCount,
  violations,
  waitForCount,
} from "../../helpers/dashboard/session.ts";

jest.setTimeout(60_000);

describeInBrowser("the dashboard in a browser", () => {
  const { start, open, openFleet } = browserSession();

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

  test("pauses with Space, counts what is new, and resumes", async () => {
    const { page, server } = await openFleet();
    await waitForCount(page, "231");
    await page.locator("body").press("Space");
    for (let n = 0; n < 5; n++)
      server.publish(makeEvent("orch", "event", "new", Date.now()));
    await page.getByText("5 new").waitFor();
    expect(await shownCount(page)).toBe("231");
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
});
