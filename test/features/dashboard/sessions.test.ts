/// <reference lib="dom" />
/** Coding agents of several projects and sources: their tree, their stories, their cost. */
import type { Page } from "playwright-core";
import { describeInBrowser } from "../../helpers/dashboard/browser.ts";
import { demoFleet, makeEvent } from "../../helpers/dashboard/fleet.ts";
import { AgentLog, agentSessions } from "../../helpers/dashboard/sessions.ts";
import {
  browserSession,
  violations,
  waitForCount,
} from "../../helpers/dashboard/session.ts";

jest.setTimeout(60_000);

const CLAUDE = "0b7d6a52-6d1e-4c2b-8f6e-1f0f3a9b7c01";

describeInBrowser("sessions of coding agents", () => {
  const { openWith } = browserSession();
  const openSessions = (query = "", options?: Parameters<typeof openWith>[2]) =>
    openWith(agentSessions(Date.now()), query, options);

  const names = (page: Page) =>
    page
      .getByRole("treeitem")
      .evaluateAll((rows) =>
        rows.map((row) => [
          (row.querySelector(".agent-name, .muted")?.textContent ?? "").trim(),
          Number(row.getAttribute("aria-level")),
        ]),
      );

  /** Pixels that are cut off sideways. */
  const overflow = (page: Page) =>
    page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth,
    );

  test("stand below their projects, finished ones folded away; Enter opens them, Back closes them", async () => {
    const { page } = await openSessions();
    const before = await names(page);
    expect(before).toEqual([
      ["api", 1],
      ["Session adw-7", 2],
      ["planner", 3],
      ["builder", 3],
      ["1 finished", 2],
      ["shop", 1],
      ["Upgrade the linter and fix what it finds", 2],
      ["Make the checkout retry payments only once", 2],
      ["1 finished", 3],
      ["4 finished", 2],
      ["website", 1],
      ["Write the page about prices", 2],
      ["2 finished", 2],
    ]);
    await page.getByRole("treeitem", { name: /^shop/ }).focus();
    for (let n = 0; n < 4; n++) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("treeitem", { name: /Small task 4/ }).waitFor();
    await page.waitForURL(/open=done\+project\+shop/);
    await page.reload();
    await page.getByRole("treeitem", { name: /Small task 4/ }).waitFor();
    await page.goBack();
    await page
      .getByRole("treeitem", { name: /Small task 4/ })
      .waitFor({ state: "detached" });
    expect(await names(page)).toEqual(before);
  });

  test("say in words which program they are", async () => {
    const { page } = await openSessions();
    expect(await page.locator(".fleet .source").allTextContents()).toEqual([
      "ADW",
      "Codex",
      "Claude Code",
      "OpenCode",
    ]);
  });

  test("are shown of all projects or of one, and the address says which", async () => {
    const { page } = await openSessions();
    const total = agentSessions(Date.now()).length;
    await waitForCount(page, String(total));
    await page.getByRole("combobox", { name: "Project" }).selectOption("shop");
    await page.waitForURL(/project=shop/);
    expect((await names(page))[0]).toEqual(["shop", 1]);
    expect(await page.getByRole("treeitem", { name: /^api/ }).count()).toBe(0);
    expect(await page.locator(".stats").innerText()).toMatch(
      /of 7\s*, 1 waiting/,
    );
    await page.goBack();
    await page.getByRole("treeitem", { name: /^api/ }).waitFor();
    await waitForCount(page, String(total));
    await page.getByRole("treeitem", { name: /^website/ }).click();
    await page.waitForURL(/project=website/);
    await page.click('[data-filter="sources"]');
    await page.getByRole("checkbox", { name: /^OpenCode/ }).check();
    await page.waitForURL(/source=opencode/);
    await waitForCount(page, `7 of ${total}`);
  });

  test("read like a story, each part with a way to its row and its mark", async () => {
    const { page, problems } = await openSessions();
    await page.getByRole("button", { name: "Story", exact: true }).click();
    await page
      .getByRole("button", { name: /^Make the checkout retry/ })
      .click();
    const parts = page.locator(".part");
    await parts.first().waitFor();
    await page.waitForURL(/panel=story/);
    await page.waitForURL(new RegExp(`session=${CLAUDE}`));
    expect(await parts.first().innerText()).toContain(
      "A customer was charged twice last night.",
    );
    expect(await page.locator('.part[data-kind="said"]').count()).toBe(2);
    const calls = page.locator(".calls").first();
    expect(await calls.innerText()).toMatch(
      /^4 calls: 2 Read, 1 Grep, 1 Agent\s+all done\s+1\.0 s$/,
    );
    await calls.locator("summary").first().click();
    await calls.getByText("Read src/checkout/payment.ts").click();
    await calls.getByRole("heading", { name: "Output" }).waitFor();
    // What changed, in signs and not in colours alone.
    const diff = page.locator(".diff").first();
    expect(await diff.locator(".diff-head").innerText()).toContain(
      "src/checkout/payment.ts",
    );
    expect(await diff.locator("del").first().innerText()).toBe(
      "−   for (let attempt = 0; attempt < 2; attempt++) {",
    );
    expect(await diff.locator("ins").first().innerText()).toMatch(
      /^\+ {3}const/,
    );

    const link = parts.first().getByRole("button", { name: /in the log$/ });
    const seq = /Event (\d+)/.exec(
      (await link.getAttribute("aria-label")) ?? "",
    );
    await parts
      .first()
      .getByRole("button", { name: /in the timeline$/ })
      .click();
    await page
      .locator(".timeline [aria-live]", { hasText: "Prompt sent" })
      .waitFor({ state: "attached" });
    await link.click();
    await page
      .locator(`.log-row[aria-selected="true"][data-seq="${seq?.[1]}"]`)
      .waitFor();
    await page.goBack();
    await page.locator(".part").first().waitFor();
    expect(problems).toEqual([]);
  });

  test("go on while one reads, and from an agent to the whole session", async () => {
    const { page, server } = await openSessions(`?agent=${CLAUDE}&panel=story`);
    const story = page.locator(".story");
    await page.locator(".part").first().waitFor();
    expect(await story.getByText("Find every place that retries").count()).toBe(
      0,
    );
    const about = { session: CLAUDE, project: "shop", source: "claude-code" };
    const log = new AgentLog(CLAUDE, about, Date.now());
    for (const item of log.said("The push went through.").events)
      server.publish(item);
    await story.getByText("The push went through.").waitFor();
    await page.getByRole("button", { name: "Whole session" }).click();
    await story.getByText("Find every place that retries").waitFor();
    await page.getByRole("button", { name: "All sessions" }).click();
    await page.getByText(/^Whose story\?/).waitFor();
  });

  test("a long story is drawn in parts, from any event of it", async () => {
    const about = { session: "s", project: "p", source: "codex" };
    const log = new AgentLog("s", about, Date.now() - 9_000_000);
    log.created({ name: "codex p" });
    for (let n = 0; n < 2_000; n++) {
      log.said(`words ${n}`).call("Read", { file_path: `${n}` });
    }
    const { page } = await openWith(log.events, "?panel=story");
    await page.locator(".story").getByText("words 1999").waitFor();
    expect(await page.locator(".part").count()).toBe(100);
    await page.getByText("3,901–4,000 of 4,000").waitFor();
    await page.getByRole("button", { name: "Earlier", exact: true }).click();
    await page.getByText("3,801–3,900 of 4,000").waitFor();
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page
      .locator(".story")
      .getByText("words 0", { exact: true })
      .waitFor();
    await page.goto(`${page.url().split("?")[0]}?panel=story&event=3002`);
    const wanted = page.locator('.part[aria-current="true"]');
    await wanted.waitFor();
    expect(await wanted.innerText()).toContain("words 1000");
    expect(await page.locator(".part").count()).toBe(100);
  });

  test("what a hostile session says stays text", async () => {
    const evil =
      '<img src=x onerror="window.pwned=1"> \u001b[31mred\u001b[0m \u202Egpj.exe';
    const about = { session: evil, project: evil, source: evil };
    const log = new AgentLog(evil, about, Date.now() - 60_000)
      .created({ name: evil, title: evil, cwd: evil, model: evil })
      .prompt(evil, evil)
      .said(evil)
      .call(evil, { [evil]: evil }, { output: evil })
      .call("Bash", { command: evil }, { error: evil })
      .call("Edit", { file_path: evil, old_string: evil, new_string: "x" })
      .used(evil, { cost_usd: 1, cost_source: "reported" });
    const { page, problems } = await openWith(log.events, "?panel=story");
    await page.locator(".diff").waitFor();
    for (const summary of await page.locator(".story summary").all()) {
      if (await summary.isVisible()) await summary.click();
    }
    const html = await page.content();
    expect(html).not.toMatch(/[\u001b\u202a-\u202e\u2066-\u2069]|\[31m/);
    expect(await page.evaluate(() => "pwned" in window)).toBe(false);
    expect(problems).toEqual([]);
  });

  test.each([
    ["model", /claude-sonnet-4-5.*reported/s],
    ["project", /shop.*\$0\.\d\d est\..*reported, estimated/s],
    ["day", /\d{4}.*reported/s],
  ])("cost is told by %s, with its source", async (by, expected) => {
    const { page } = await openSessions("?panel=numbers");
    await page.getByRole("button", { name: `By ${by}` }).click();
    await page.waitForURL(new RegExp(`by=${by}`));
    const table = page.getByRole("table", { name: `By ${by}` });
    expect(await table.innerText()).toMatch(expected);
    const total = await table.locator("tfoot").innerText();
    expect(total).toMatch(/\$1\.02 est\. \+ unknown/);
    await page.goBack();
    await page.getByRole("table", { name: "By agent" }).waitFor();
  });

  test("an unknown cost is unknown, a difference of sources is told, and what hooks took", async () => {
    const { page } = await openSessions("?panel=numbers&project=api&by=model");
    const row = page.getByRole("row", { name: /^gemini-3-pro/ });
    expect(await row.innerText()).toMatch(/unknown\s+unknown$/);
    await page.goto(`${page.url().split("?")[0]}?panel=numbers`);
    await page
      .getByText(
        "Two sources differ by more than 1 % on 1 request: $0.08 as the agents report it, $0.09 by the price table.",
      )
      .waitFor();
    await page
      .getByText(/^Hooks took 6 ms of the agents' time in 1 event/)
      .waitFor();
  });

  test("a log that names no project or source looks as ever", async () => {
    const { page } = await openWith(demoFleet(Date.now()), "?panel=numbers");
    expect(await page.locator(".source, .group, .project-switch").count()).toBe(
      0,
    );
    expect(await page.locator('[data-filter="projects"]').count()).toBe(0);
    expect(
      await page
        .getByRole("columnheader")
        .filter({ visible: true })
        .allInnerTexts(),
    ).toEqual(
      expect.arrayContaining(["Agent", "Time", "In", "Out", "Cost", "Errors"]),
    );
    expect(
      await page.getByRole("columnheader", { name: "Cache" }).count(),
    ).toBe(0);
    await page.getByLabel("Hide finished").waitFor();
  });

  test("one whose session is in the filter but not here yet has an empty story", async () => {
    const { page } = await openWith(
      [makeEvent("a", "agent_started", "a", Date.now(), { session: "s" })],
      "?panel=story&session=other",
    );
    await page.getByText("Nothing has been told yet.").waitFor();
    expect(await page.locator(".part").count()).toBe(0);
  });

  // browser.slow.test.ts has every view, theme and width.
  test.each(["light", "dark"] as const)(
    "axe finds no violation in a story in the %s theme, nor at 320 px",
    async (colorScheme) => {
      const { page } = await openSessions(
        `?panel=story&session=${CLAUDE}&open=done+project+shop`,
        { colorScheme },
      );
      await page.locator(".calls summary").first().click();
      expect(await violations(page)).toEqual([]);
      await page.setViewportSize({ width: 320, height: 800 });
      expect(await violations(page)).toEqual([]);
      expect(await overflow(page)).toBeLessThanOrEqual(0);
    },
  );

  test("forced colours leave badges, diffs and the chosen project readable", async () => {
    const { page } = await openSessions(
      `?panel=story&session=${CLAUDE}&project=shop`,
    );
    await page.emulateMedia({ forcedColors: "active" });
    const border = (selector: string) =>
      page
        .locator(selector)
        .first()
        .evaluate((element) => getComputedStyle(element).borderStyle);
    expect(await border(".source")).toBe("solid");
    expect(
      await page
        .locator('.group[aria-selected="true"]')
        .evaluate((row) => getComputedStyle(row).outlineStyle),
    ).toBe("solid");
  });
});
