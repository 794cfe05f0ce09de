/// <reference lib="dom" />
/** One browser for the tests of a file, with servers and pages that each test has for itself. */
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { launch, openPage } from "./browser.ts";
import { demoFleet } from "./fleet.ts";
import type { NewEvent } from "./modules.ts";
import { startDashboard, type RunningServer } from "./server.ts";

declare global {
  interface Window {
    axe: {
      run: (
        context: string,
        options: object,
      ) => Promise<{
        violations: {
          id: string;
          nodes: { target: string[]; failureSummary: string }[];
        }[];
      }>;
    };
  }
}

type PageOptions = Parameters<typeof openPage>[2];
type ServerSettings = Parameters<typeof startDashboard>[0];

/** To be called in a `describe`: it registers what is done before and after. */
export function browserSession() {
  let browser: Browser;
  const servers: RunningServer[] = [];
  const pages: Page[] = [];

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
  });
  afterEach(async () => {
    await Promise.all(pages.splice(0).map((page) => page.context().close()));
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  async function start(settings?: ServerSettings): Promise<RunningServer> {
    const server = await startDashboard(settings);
    servers.push(server);
    return server;
  }
  async function open(url: string, options?: PageOptions) {
    const result = await openPage(browser, url, options);
    pages.push(result.page);
    return result;
  }
  /** A server with these events, and a page on it that is live. */
  async function openWith(
    events: NewEvent[],
    query = "",
    options?: PageOptions,
    settings?: ServerSettings,
  ) {
    const server = await start(settings);
    server.store(events);
    const result = await open(server.url + query, options);
    await isLive(result.page);
    return { server, ...result };
  }
  return {
    start,
    open,
    openWith,
    /** The same, with the demo fleet. */
    openFleet: (
      query?: string,
      options?: PageOptions,
      settings?: ServerSettings,
    ) => openWith([...demoFleet(Date.now())], query, options, settings),
    /** A page without a network. */
    openOffline: async () => {
      const context = await browser.newContext({ offline: true });
      const page = await context.newPage();
      pages.push(page);
      return page;
    },
  };
}

/** Resolves once the page shows what happens now, or a moment of the past. */
export const isLive = (page: Page) =>
  page.waitForSelector('.pill:is([data-state="live"], [data-state="replay"])');

export const waitForCount = (page: Page, text: string) =>
  page.waitForFunction(
    (wanted) =>
      document
        .querySelector('[data-testid="log-count"]')
        ?.textContent?.trim() === wanted,
    text,
  );

/** How many events the log shows, as it says: `12 of 231`. */
export const shownCount = (page: Page): Promise<string | null> =>
  page.getByTestId("log-count").textContent();

/** What axe-core has to say, in short. */
export async function violations(
  page: Page,
  inside = "html",
): Promise<string[]> {
  const source = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
  // Through the debugger, which a Content-Security-Policy does not bind.
  await page.evaluate(source);
  return page.evaluate(async (selector) => {
    const { axe } = window;
    const result = await axe.run(selector, {
      runOnly: [
        "wcag2a",
        "wcag2aa",
        "wcag21a",
        "wcag21aa",
        "wcag22aa",
        "best-practice",
      ],
    });
    return result.violations.flatMap((violation) =>
      violation.nodes.map(
        (node) =>
          `${violation.id}: ${node.target.join(" ")}: ${node.failureSummary}`,
      ),
    );
  }, inside);
}
