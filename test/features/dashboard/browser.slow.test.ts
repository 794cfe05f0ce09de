/// <reference lib="dom" />
/** Every view of the dashboard in every theme and width. */
import { describeInBrowser } from "../../helpers/dashboard/browser.ts";
import { browserSession, violations } from "../../helpers/dashboard/session.ts";
import { agentSessions } from "../../helpers/dashboard/sessions.ts";

jest.setTimeout(60_000);

describeInBrowser("the dashboard in a browser", () => {
  const { start, open, openFleet, openWith } = browserSession();

  describe.each(["light", "dark"] as const)(
    "in the %s theme",
    (colorScheme) => {
      test.each([
        ["the whole page", "?event=166", 1440],
        ["the numbers", "?panel=numbers", 1440],
        ["a narrow log", "?panel=log", 360],
        ["a narrow fleet", "", 360],
        ["a narrow event", "?panel=log&event=166", 360],
        ["a very wide page", "?level=error&event=166", 2560],
      ])("axe finds no violation in %s", async (_name, query, width) => {
        const { page } = await openFleet(query, {
          colorScheme,
          viewport: { width, height: 900 },
        });
        expect(await violations(page)).toEqual([]);
      });

      const story = "?panel=story&session=0b7d6a52-6d1e-4c2b-8f6e-1f0f3a9b7c01";
      test.each([
        ["a tree of sessions", "?open=done+project+shop", 1440],
        ["a story", story, 1440],
        ["the choice of a story", "?panel=story", 1440],
        ["the cost by model", "?panel=numbers&by=model", 1440],
        ["a narrow story", story, 320],
        ["a narrow tree of sessions", "", 320],
        ["narrow costs", "?panel=numbers&by=project", 320],
        ["a very wide story", story, 2560],
      ])(
        "axe finds no violation in %s, and nothing is cut off",
        async (_name, query, width) => {
          const { page } = await openWith(agentSessions(Date.now()), query, {
            colorScheme,
            viewport: { width, height: 900 },
          });
          const summary = page.locator(".calls summary").first();
          if (await summary.isVisible()) await summary.click();
          expect(await violations(page)).toEqual([]);
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - window.innerWidth,
          );
          expect(overflow).toBeLessThanOrEqual(0);
        },
      );

      test("axe finds no violation in menus, help and the token form", async () => {
        const { page } = await openFleet("", { colorScheme });
        await page.click('[data-filter="types"]');
        // What lies half under an open menu is no target.
        expect(await violations(page, ".menu")).toEqual([]);
        await page.keyboard.press("Escape");
        await page.getByRole("button", { name: "Export" }).click();
        expect(await violations(page, ".menu")).toEqual([]);
        await page.keyboard.press("Escape");
        await page.keyboard.press("?");
        expect(await violations(page, "dialog")).toEqual([]);
        const server = await start({ token: "x" });
        const refused = await open(server.url, { colorScheme });
        await refused.page
          .getByRole("heading", { name: "A token is needed" })
          .waitFor();
        expect(await violations(refused.page)).toEqual([]);
      });
    },
  );

  test.each([360, 768, 1024, 1440, 2560])(
    "at %d px nothing is cut off sideways",
    async (width) => {
      const { page } = await openFleet("?event=166", {
        viewport: { width, height: 800 },
      });
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - window.innerWidth,
      );
      expect(overflow).toBeLessThanOrEqual(0);
    },
  );
});
