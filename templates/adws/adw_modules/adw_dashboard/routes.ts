/** Which path is which answer, and whether it needs the token. */

export type Route =
  | { kind: "page"; needsToken: false }
  | { kind: "custom_style"; needsToken: false }
  | { kind: "health"; needsToken: true }
  | { kind: "metrics"; needsToken: true }
  | { kind: "events"; needsToken: true };

const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ["/", { kind: "page", needsToken: false }],
  ["/custom.css", { kind: "custom_style", needsToken: false }],
  ["/healthz", { kind: "health", needsToken: true }],
  ["/metrics", { kind: "metrics", needsToken: true }],
  ["/api/events", { kind: "events", needsToken: true }],
]);

export function findRoute(path: string): Route | undefined {
  return ROUTES.get(path);
}

/** The request's URL, or undefined when it is none (`new URL("//")` throws). */
export function parseRequestUrl(target: string | undefined): URL | undefined {
  if (!target?.startsWith("/")) return undefined;
  try {
    return new URL(`http://localhost${target}`);
  } catch {
    return undefined;
  }
}
