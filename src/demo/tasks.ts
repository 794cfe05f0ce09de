/** What the demo's agents work on, and the models that they use. */

/** Dollars for a million tokens: invented round numbers, good enough for a demo. */
export const PRICES = {
  "claude-opus-4-5": { input: 5, output: 25 },
  "claude-sonnet-4-5": { input: 3, output: 15 },
  "claude-haiku-4-5": { input: 1, output: 5 },
} as const;

export type Model = keyof typeof PRICES;
export type AgentType =
  "planner" | "builder" | "tester" | "reviewer" | "utility";

export interface Task {
  title: string;
  slug: string;
  project: string;
  backend: readonly string[];
  frontend: readonly string[];
  failing_test: string;
  command: string;
}

export const TASKS: readonly Task[] = [
  {
    title: "Rate limiting for the public API",
    slug: "rate-limit",
    project: "storefront",
    backend: ["src/api/limiter.ts", "src/api/middleware.ts"],
    frontend: ["src/pages/limits.tsx", "src/components/quota_bar.tsx"],
    failing_test: "limiter.test.ts: resets the window at midnight UTC",
    command: "npm run db:migrate",
  },
  {
    title: "Password reset by e-mail",
    slug: "reset",
    project: "accounts",
    backend: ["src/auth/reset.ts", "src/mail/templates.ts"],
    frontend: ["src/pages/reset.tsx", "src/components/form.tsx"],
    failing_test: "reset.test.ts: a link works only once",
    command: "npm publish --dry-run",
  },
  {
    title: "Export reports as CSV",
    slug: "csv",
    project: "storefront",
    backend: ["src/reports/csv.ts", "src/reports/stream.ts"],
    frontend: ["src/pages/reports.tsx", "src/components/download.tsx"],
    failing_test: "csv.test.ts: quotes a field that holds a line break",
    command: "git push origin csv-export",
  },
  {
    title: "Dark mode",
    slug: "dark",
    project: "website",
    backend: ["src/settings/theme.ts", "src/settings/store.ts"],
    frontend: ["src/styles/tokens.css", "src/components/switch.tsx"],
    failing_test: "theme.test.ts: follows the system until it is set",
    command: "npx playwright install",
  },
  {
    title: "Search with typo tolerance",
    slug: "search",
    project: "storefront",
    backend: ["src/search/index.ts", "src/search/distance.ts"],
    frontend: ["src/pages/search.tsx", "src/components/results.tsx"],
    failing_test: "distance.test.ts: counts a swap as one edit",
    command: "docker compose up -d search",
  },
];
