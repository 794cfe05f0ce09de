/// <reference lib="dom" />
/** The timeline, the replay of the past, and what is taken along of it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describeInBrowser } from "../../helpers/dashboard/browser.ts";
import { makeEvent } from "../../helpers/dashboard/fleet.ts";
import {
  browserSession,
  shownCount,
  waitForCount,
} from "../../helpers/dashboard/session.ts";

jest.setTimeout(60_000);

describeInBrowser("time in the dashboard", () => {
  const { openFleet, openOffline } = browserSession();

  test("filters by a time range drawn on the ruler", async () => {
    const { page } = await openFleet();
    const box = await page.getByTestId("timeline-canvas").boundingBox();
    if (box === null) throw new Error("no timeline");
    await page.mouse.move(box.x + 300, box.y + 10);
    await page.mouse.down();
    await page.mouse.move(box.x + 480, box.y + 10, { steps: 5 });
    await page.mouse.up();
    await page.getByRole("button", { name: "Remove the time range" }).waitFor();
    const shown = Number((await shownCount(page))?.split(" ")[0]);
    expect(shown).toBeGreaterThan(0);
    expect(shown).toBeLessThan(231);
    await page.waitForURL(/from=.*&to=/);
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
    /** Moves along the first lane until the tip says so. */
    const isTold = async (y: number, step: number, words: RegExp) => {
      for (let x = 190; x < box.width; x += step) {
        await page.mouse.move(box.x + x, box.y + y);
        const told = await tip.allInnerTexts();
        if (told.some((text) => words.test(text))) return true;
      }
      return false;
    };
    // Its steps lie above, its marks, which are small, below.
    const since = /plan\s+orchestrator, took 2 m 28 s\s+since \d\d:\d\d/;
    expect(await isTold(34, 30, since)).toBe(true);
    const running = /build\s+orchestrator, running for \d+ m/;
    expect(await isTold(34, 30, running)).toBe(true);
    const mark = /orchestrator created\s+orchestrator, \d\d:\d\d:\d\d/;
    expect(await isTold(46, 6, mark)).toBe(true);
    await page.locator(".lanes").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await tip.waitFor();
    await page.keyboard.press("Escape");
    await tip.waitFor({ state: "detached" });
  });

  test("zooms and pans the timeline with the keyboard and the wheel", async () => {
    const { page } = await openFleet();
    /** As it is once all that was pressed is drawn. */
    const picture = async () => {
      await page.evaluate(async () => {
        for (let frame = 0; frame < 4; frame++)
          await new Promise((resolve) => requestAnimationFrame(resolve));
      });
      const png = await page.getByTestId("timeline-canvas").screenshot();
      return png.toString("base64");
    };
    const all = await picture();
    await page.locator(".lanes").focus();
    await page.keyboard.press("+");
    await page.keyboard.press("+");
    const zoomed = await picture();
    expect(zoomed).not.toBe(all);
    await page.keyboard.press("Shift+ArrowLeft");
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

  test("replays the past from any moment, at its speed, and returns to live", async () => {
    const { page, server } = await openFleet();
    await waitForCount(page, "231");
    const scrubber = page.getByRole("slider", { name: "Moment" });
    await scrubber.fill("250");
    await page.waitForSelector('.pill[data-state="replay"]');
    const early = Number(await shownCount(page));
    expect(early).toBeGreaterThan(10);
    expect(early).toBeLessThan(120);
    // The fleet is as it was: nobody had failed yet.
    expect(await page.locator('.agent[data-activity="failed"]').count()).toBe(
      0,
    );
    await page.waitForURL(/at=/);
    const moment = async (): Promise<number> =>
      Number(await scrubber.inputValue());
    // At 100× all of it is played in five seconds, which a busy machine needs for a click.
    await page.getByRole("button", { name: "10×", exact: true }).click();
    const first = await moment();
    await page.getByRole("button", { name: "Play the past" }).click();
    // From when it moves: a click takes its time on a busy machine.
    await page.waitForFunction((before) => {
      const input = document.querySelector('input[aria-label="Moment"]');
      return input instanceof HTMLInputElement && Number(input.value) > before;
    }, first);
    const startedAt = Date.now();
    const from = await moment();
    await page.waitForTimeout(1_500);
    const until = await moment();
    const expected = ((Date.now() - startedAt) / 1000) * 10;
    await page.waitForFunction((before) => {
      const counter = document.querySelector('[data-testid="log-count"]');
      return Number(counter?.textContent) > before;
    }, early);
    await page.getByRole("button", { name: "Stop the replay" }).click();
    const played = (until - from) * 0.656; // seconds of 656 s
    expect(played).toBeGreaterThan(expected * 0.6);
    expect(played).toBeLessThan(expected * 1.2);
    expect(Number(await shownCount(page))).toBeGreaterThan(early);
    // New events do not disturb the past.
    server.publish(makeEvent("orch", "event", "meanwhile", Date.now()));
    const still = await shownCount(page);
    await page.waitForTimeout(300);
    expect(await shownCount(page)).toBe(still);
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
      expect(Number(await shownCount(offline))).toBeLessThan(56);
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
});
