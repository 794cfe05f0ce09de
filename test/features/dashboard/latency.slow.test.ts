/// <reference lib="dom" />
/** How soon an event is shown. */
import { describeInBrowser } from "../../helpers/dashboard/browser.ts";
import { makeEvent } from "../../helpers/dashboard/fleet.ts";
import { browserSession } from "../../helpers/dashboard/session.ts";

declare global {
  interface Window {
    /** When each row was first there. */
    seen: Record<string, number>;
  }
}

jest.setTimeout(60_000);

describeInBrowser("the dashboard in a browser", () => {
  const { openFleet } = browserSession();

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
});
