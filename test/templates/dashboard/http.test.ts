import { createHash } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  dashboard,
  dashboardDirectory,
  packagesDirectory,
} from "../../helpers/dashboard/modules.ts";
import {
  startDashboard,
  type RunningServer,
} from "../../helpers/dashboard/server.ts";
import type {
  EventHistory,
  NewEvent,
  SerializedEvent,
} from "../../helpers/dashboard/modules.ts";

let open: RunningServer[] = [];
afterEach(async () => {
  await Promise.all(open.map((server) => server.stop()));
  open = [];
});

async function start(
  ...args: Parameters<typeof startDashboard>
): Promise<RunningServer> {
  const server = await startDashboard(...args);
  open.push(server);
  return server;
}

function newEvent(n: number, fields: Partial<NewEvent> = {}): NewEvent {
  return {
    event_type: "event",
    agent_id: "a",
    message: `event ${n}`,
    metadata: {},
    timestamp: new Date(1_700_000_000_000 + n).toISOString(),
    log_type: "event",
    log_level: "info",
    ...fields,
  };
}

/** A request whose path is sent as it is, which fetch would tidy up. */
function rawRequest(
  port: number,
  path: string,
  method = "GET",
  headers: Record<string, string> = {},
) {
  return new Promise<{
    status: number;
    body: string;
    headers: Record<string, unknown>;
  }>((resolve, reject) => {
    const request = httpRequest(
      { port, path, method, headers, host: "127.0.0.1" },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => (body += text));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            body,
            headers: response.headers,
          }),
        );
      },
    );
    request.on("error", reject);
    request.end();
  });
}

describe("the page", () => {
  test("comes with a policy that allows only its own files and its import map", async () => {
    const { url } = await start();
    const response = await fetch(url);
    const html = await response.text();
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(
      "text/html; charset=utf-8",
    );
    expect(html).toContain("<title>adw-project</title>");
    const scripts = [...html.matchAll(/<script([^>]*)>([^]*?)<\/script>/g)];
    const inline = scripts.filter(
      ([, attributes = ""]) => !attributes.includes("src="),
    );
    expect(inline).toHaveLength(1);
    const hash = createHash("sha256")
      .update(inline[0]?.[2] ?? "")
      .digest("base64");
    expect(policy).toContain(`script-src 'self' 'sha256-${hash}';`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
  });

  test.each(["", "healthz", "api/events", "nowhere", "dashboard/main.js"])(
    "and /%s have the security headers",
    async (path) => {
      const { url } = await start();
      const { headers } = await fetch(url + path);
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("content-security-policy")).toContain(
        "frame-ancestors 'none'",
      );
    },
  );

  test("is not sent again while it has not changed", async () => {
    const { port } = await start();
    for (const path of ["/", "/dashboard/main.js"]) {
      const { headers } = await rawRequest(port, path);
      expect(headers["cache-control"]).toBe("no-cache");
      // Not with fetch, which asks for a fresh copy with a header of its own.
      const again = await rawRequest(port, path, "GET", {
        "If-None-Match": String(headers["etag"]),
      });
      expect([again.status, again.body]).toEqual([304, ""]);
    }
  });

  test("has scripts that a browser takes for scripts", async () => {
    const { url } = await start();
    const script = await fetch(`${url}dashboard/main.js`);
    expect(script.headers.get("content-type")).toMatch(/^text\/javascript/);
  });

  test("names no other host, anywhere in its files", async () => {
    const { url } = await start();
    const html = await (await fetch(url)).text();
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });
});

test("every module is named in the page, so that none waits for another", async () => {
  const { url } = await start();
  const html = await (await fetch(url)).text();
  const named = [
    ...html.matchAll(
      /<link rel="modulepreload" href="([^"]+)"(?: fetchpriority="low")? \/>/g,
    ),
  ].map(([, href]) => href ?? "");
  const needed = new Set<string>();
  const follow = async (path: string): Promise<void> => {
    if (needed.has(path)) return;
    needed.add(path);
    const code = await (await fetch(new URL(path, url))).text();
    for (const [, specifier] of code.matchAll(
      /^(?:import|\} from|import .* from) "(\.[^"]+)";$/gm,
    )) {
      const target = new URL(specifier ?? "", new URL(path, url));
      await follow(target.pathname.slice(1));
    }
  };
  await follow("dashboard/main.js");
  expect(needed.size).toBeGreaterThan(20);
  expect(named).toEqual(expect.arrayContaining([...needed]));
  expect(named.filter((path) => path.startsWith("vendor/"))).toHaveLength(6);
  for (const path of named) {
    const { status, headers } = await fetch(new URL(path, url));
    expect({ path, status }).toEqual({ path, status: 200 });
    expect(headers.get("content-type")).toContain("text/javascript");
  }
});

test("what asks for the events comes first, and the rest gives way to it", async () => {
  const { url } = await start();
  const html = await (await fetch(url)).text();
  const links = [...html.matchAll(/<link rel="modulepreload".*\/>/g)].map(
    String,
  );
  const early = new Set<string>();
  const follow = async (path: string): Promise<void> => {
    if (early.has(path)) return;
    early.add(path);
    const code = await (await fetch(new URL(path, url))).text();
    for (const [, specifier] of code.matchAll(
      /^import .* from "(\.[^"]+)";$/gm,
    )) {
      const target = new URL(specifier ?? "", new URL(path, url));
      await follow(target.pathname.slice(1));
    }
  };
  const script = /<script type="module" async src="([^"]+)">/.exec(html);
  await follow(script?.[1] ?? "none");
  expect(early.size).toBeGreaterThan(3);
  const first = links.slice(0, early.size);
  for (const path of early) {
    expect(first).toContainEqual(`<link rel="modulepreload" href="${path}" />`);
  }
  for (const link of links.slice(early.size)) {
    expect(link).toContain('fetchpriority="low"');
  }
});

describe("the import map", () => {
  async function importMap(url: string): Promise<Record<string, string>> {
    const html = await (await fetch(url)).text();
    const json =
      /<script type="importmap">(.*?)<\/script>/.exec(html)?.[1] ?? "{}";
    const map: { imports: Record<string, string> } = JSON.parse(json);
    return map.imports;
  }

  test("leads to ES modules, to be kept for ever", async () => {
    const { url } = await start();
    const imports = await importMap(url);
    expect(Object.keys(imports)).toEqual([
      "preact",
      "preact/hooks",
      "htm",
      "htm/preact",
      "@preact/signals",
      "@preact/signals-core",
    ]);
    for (const path of Object.values(imports)) {
      const response = await fetch(new URL(path, url));
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe(
        "text/javascript; charset=utf-8",
      );
      expect(response.headers.get("cache-control")).toBe(
        "public, max-age=31536000, immutable",
      );
      expect(await response.text()).toMatch(/export\s*[{d*]/);
    }
  });

  test("serves nothing else of node_modules", async () => {
    const { url, port } = await start();
    const [preact = ""] = Object.values(await importMap(url));
    for (const path of [
      "/vendor/package.json",
      `/${preact.slice(2)}/../package.json`,
      "/vendor/preact-000000000000.js",
      "/node_modules/preact/package.json",
    ]) {
      expect((await rawRequest(port, path)).status).toBe(404);
    }
  });

  test("finds the packages in pnpm's layout", async () => {
    const project = mkdtempSync(join(tmpdir(), "adw-pnpm-"));
    try {
      // node_modules/<name> → node_modules/.pnpm/<name>@1/node_modules/<name>
      const store = join(project, "node_modules/.pnpm");
      const place = (name: string, linkedFrom: string[]): void => {
        const real = join(
          store,
          `${name.replace("/", "+")}@1/node_modules/${name}`,
        );
        mkdirSync(join(real, ".."), { recursive: true });
        cpSync(join(packagesDirectory, name), real, { recursive: true });
        for (const from of linkedFrom) {
          const link = join(from, name);
          mkdirSync(join(link, ".."), { recursive: true });
          symlinkSync(real, link);
        }
      };
      const top = join(project, "node_modules");
      place("preact", [top]);
      place("htm", [top]);
      place("@preact/signals", [top]);
      // A dependency of a dependency is not in the project's own folder.
      place("@preact/signals-core", [
        join(store, "@preact+signals@1/node_modules"),
      ]);
      const file = join(project, "adws/adw_modules/adw_dashboard.ts");
      mkdirSync(join(file, ".."), { recursive: true });
      writeFileSync(file, "");
      expect(() =>
        dashboard.createDashboard({
          source: () => ({ history: dashboard.createMemoryHistory() }),
          resolveFrom: file,
        }),
      ).not.toThrow();
    } finally {
      rmSync(project, { recursive: true });
    }
  });

  test("says what to install when a package is missing", () => {
    expect(() =>
      dashboard.createDashboard({
        source: () => ({ history: dashboard.createMemoryHistory() }),
        resolveFrom: join(tmpdir(), "nowhere/index.ts"),
      }),
    ).toThrow(
      "The dashboard needs the package 'preact': run 'npm install preact'.",
    );
  });
});

describe("paths", () => {
  test.each([
    "/dashboard/../adw_modules/adw_dashboard.ts",
    "/dashboard/..%2fadw_modules/adw_dashboard.ts",
    "/dashboard/%2e%2e/adw_modules/adw_dashboard.ts",
    "/dashboard/....//adw_modules/adw_dashboard.ts",
    "/dashboard/..\\adw_modules\\adw_dashboard.ts",
    "/dashboard//etc/passwd",
    "/dashboard/core/../../../package.json",
    "/dashboard/main.js%00.css",
    "/dashboard/.hidden.js",
    "/dashboard/index.html",
    "/dashboard/jsconfig.json",
    "/dashboard/",
    "/dashboard/core",
    "/dashboard/nowhere.js",
    "/favicon.ico",
    "/nowhere",
  ])("%s is not found", async (path) => {
    const { port } = await start();
    const { status, body } = await rawRequest(port, path);
    expect(status).toBe(404);
    expect(body).not.toContain("createDashboard");
  });

  test.each(["//", "/\\", "*", "http://[/"])(
    "%s does no harm",
    async (path) => {
      const { port, url } = await start();
      const { status } = await rawRequest(port, path);
      expect([400, 404]).toContain(status);
      expect((await fetch(`${url}healthz`)).status).toBe(200);
    },
  );

  test.each(["POST", "PUT", "DELETE", "OPTIONS"])(
    "%s is not allowed",
    async (method) => {
      const { port } = await start();
      for (const path of ["/", "/api/events", "/metrics", "/healthz"]) {
        const { status, headers } = await rawRequest(port, path, method);
        expect([status, headers["allow"]]).toEqual([405, "GET, HEAD"]);
      }
    },
  );

  test("HEAD answers like GET, without a body", async () => {
    const { url } = await start();
    const response = await fetch(`${url}healthz`, { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe("15");
    expect(await response.text()).toBe("");
  });

  test("an edited file is served at once, at its new length", async () => {
    const directory = mkdtempSync(join(tmpdir(), "adw-dashboard-"));
    try {
      cpSync(dashboardDirectory, directory, { recursive: true });
      const { url } = await start({ directory });
      await (await fetch(`${url}dashboard/main.js`)).text();
      const edited = `${readFileSync(join(directory, "main.js"), "utf8")}\n// mine\n`;
      writeFileSync(join(directory, "main.js"), edited);
      expect(await (await fetch(`${url}dashboard/main.js`)).text()).toBe(
        edited,
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe("the token", () => {
  test("is needed for all but the page itself, which holds no data", async () => {
    const { url } = await start({ token: "s3cret" });
    const statusOf = async (path: string, token?: string): Promise<number> => {
      const headers: Record<string, string> =
        token === undefined ? {} : { Authorization: `Bearer ${token}` };
      return (await fetch(url + path, { headers })).status;
    };
    for (const path of ["", "dashboard/main.js"]) {
      expect(await statusOf(path)).toBe(200);
    }
    for (const path of ["api/events", "metrics", "healthz"]) {
      expect([
        await statusOf(path),
        await statusOf(path, "wrong"),
        await statusOf(path, "s3cret"),
      ]).toEqual([401, 401, 200]);
    }
  });

  test("is asked for with a reason", async () => {
    const { url } = await start({ token: "s3cret" });
    const response = await fetch(`${url}api/events`);
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="adw"');
    expect(await response.json()).toEqual({
      error: {
        code: "unauthorized",
        message:
          "Missing or wrong token: send it as 'Authorization: Bearer <token>'.",
      },
    });
  });
});

describe("/healthz", () => {
  test("says that the server is there, and no more", async () => {
    const { url } = await start();
    const response = await fetch(`${url}healthz`);
    expect(await response.text()).toBe('{"status":"ok"}');
    expect(response.headers.get("content-type")).toBe(
      "application/json; charset=utf-8",
    );
  });
});

describe("/metrics", () => {
  test("are Prometheus text: each metric once, with HELP and TYPE", async () => {
    const server = await start();
    for (let n = 1; n <= 3; n++) server.publish(newEvent(n));
    const response = await fetch(`${server.url}metrics`);
    expect(response.headers.get("content-type")).toBe(
      "text/plain; version=0.0.4; charset=utf-8",
    );
    const text = await response.text();
    expect(text.endsWith("\n")).toBe(true);
    const lines = text.trimEnd().split("\n");
    const names = new Set<string>();
    for (let index = 0; index < lines.length; index += 3) {
      const [help = "", type = "", sample = ""] = lines.slice(index, index + 3);
      const [name = "", value = ""] = sample.split(" ");
      expect(name).toMatch(/^[a-z_][a-z0-9_]*$/);
      expect(help).toMatch(new RegExp(`^# HELP ${name} \\S`));
      expect(type).toMatch(new RegExp(`^# TYPE ${name} (?:counter|gauge)$`));
      expect(type.endsWith("counter")).toBe(name.endsWith("_total"));
      expect(Number(value)).not.toBeNaN();
      expect(names).not.toContain(name);
      names.add(name);
    }
    expect(lines).toContain("adw_events_total 3");
    expect(lines).toContain("adw_last_seq 3");
    expect(lines).toContain("adw_connections 0");
    for (const name of [
      "adw_deliveries_total",
      "adw_evictions_total",
      "adw_queue_bytes",
      "adw_max_lag_events",
    ]) {
      expect(names).toContain(name);
    }
  });
});

describe("/api/events", () => {
  interface Page {
    stream_id: string;
    first_seq: number;
    last_seq: number;
    next_since: number;
    has_more: boolean;
    events: { seq: number; agent_id: string }[];
  }
  const page = async (url: string, query: string): Promise<Page> => {
    const response = await fetch(`${url}api/events${query}`);
    return response.json();
  };
  const seqs = ({ events }: Page): number[] => events.map((item) => item.seq);

  test("gives stored events in pages, without gap or double", async () => {
    const server = await start();
    server.store(Array.from({ length: 2_345 }, (_, n) => newEvent(n)));
    const all: number[] = [];
    let since = 0;
    for (;;) {
      const next = await page(server.url, `?since=${since}&limit=1000`);
      expect(next).toMatchObject({
        stream_id: server.history.streamId,
        first_seq: 1,
        last_seq: 2_345,
      });
      all.push(...seqs(next));
      since = next.next_since;
      if (!next.has_more) break;
    }
    expect(all).toEqual(Array.from({ length: 2_345 }, (_, n) => n + 1));
  });

  test("gives nothing, and no more to come, from the end on", async () => {
    const server = await start();
    server.store([newEvent(1)]);
    expect(await page(server.url, "?since=1")).toMatchObject({
      events: [],
      next_since: 1,
      has_more: false,
    });
    expect(await page(server.url, "?since=99")).toMatchObject({
      events: [],
      next_since: 99,
      has_more: false,
    });
  });

  test.each([
    ["?agent_id=b", [2, 5]],
    ["?agent_id=b,c", [2, 3, 5]],
    ["?agent_id=b&agent_id=c", [2, 3, 5]],
    ["?event_type=error", [3]],
    ["?log_level=warning,error", [3, 4]],
    ["?session_id=s1", [4]],
    ["?agent_id=b&since=2", [5]],
    ["?agent_id=b&limit=1", [2]],
    ["?agent_id=nobody", []],
    ["?agent_id=&limit=&since=", [1, 2, 3, 4, 5]],
  ])("filters: %s", async (query, expected) => {
    const server = await start();
    server.store([
      newEvent(1),
      newEvent(2, { agent_id: "b" }),
      newEvent(3, { agent_id: "c", event_type: "error", log_level: "error" }),
      newEvent(4, { log_level: "warning", session_id: "s1" }),
      newEvent(5, { agent_id: "b" }),
    ]);
    expect(seqs(await page(server.url, query))).toEqual(expected);
  });

  test("goes on where a filtered page stopped", async () => {
    const server = await start();
    server.store(
      Array.from({ length: 120_000 }, (_, n) =>
        newEvent(n, n === 119_999 ? { agent_id: "rare" } : {}),
      ),
    );
    const first = await page(server.url, "?agent_id=rare");
    expect(first).toMatchObject({ events: [], has_more: true });
    let next = first;
    while (next.has_more)
      next = await page(server.url, `?agent_id=rare&since=${next.next_since}`);
    expect(seqs(next)).toEqual([120_000]);
  });

  test("ends a page early when its events are large, and loses none", async () => {
    const server = await start();
    server.store(
      Array.from({ length: 30 }, (_, n) =>
        newEvent(n, { message: "x".repeat(1_000_000) }),
      ),
    );
    const first = await page(server.url, "");
    expect(first.events.length).toBeLessThan(12);
    expect(first.has_more).toBe(true);
    const second = await page(server.url, `?since=${first.next_since}&limit=1`);
    expect(seqs(second)).toEqual([first.events.length + 1]);
  });

  test.each([
    ["since=-1", "since must be an integer >= 0."],
    ["since=abc", "since must be an integer >= 0."],
    ["since=1e3", "since must be an integer >= 0."],
    ["limit=0", "limit must be an integer from 1 to 10000."],
    ["limit=10001", "limit must be an integer from 1 to 10000."],
    ["newest=-1", "newest must be an integer >= 0."],
    ["format=xml", "format must be json or ndjson."],
    ["format=ndjson&limit=0", "limit must be an integer >= 1."],
  ])("refuses %s", async (query, message) => {
    const { url } = await start();
    const response = await fetch(`${url}api/events?${query}`);
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: { code: "bad_request", message } },
    ]);
  });

  test("passes on what a database has as JSON already, asynchronously", async () => {
    const stored: SerializedEvent[] = [3, 7].map((seq) => ({
      seq,
      event_type: "event",
      agent_id: "a",
      log_level: "info",
      session_id: null,
      json: JSON.stringify({ seq, ...newEvent(seq) }),
    }));
    const history: EventHistory = {
      streamId: "db",
      firstSeq: 3,
      lastSeq: 7,
      read: (since, limit) =>
        Promise.resolve(
          stored.filter(({ seq }) => seq > since).slice(0, limit),
        ),
    };
    const { url } = await start({ history });
    expect(await page(url, "?limit=1")).toMatchObject({
      stream_id: "db",
      first_seq: 3,
      next_since: 3,
      has_more: true,
    });
    expect(seqs(await page(url, ""))).toEqual([3, 7]);
  });

  test("answers 500 and goes on when the history cannot be read", async () => {
    const stderr = jest.spyOn(console, "error").mockImplementation(() => {});
    const history: EventHistory = {
      streamId: "db",
      firstSeq: 1,
      lastSeq: 1,
      read: () => Promise.reject(new Error("database is locked")),
    };
    const { url } = await start({ history });
    expect((await fetch(`${url}api/events`)).status).toBe(500);
    expect((await fetch(`${url}api/events`)).status).toBe(500);
    expect(stderr.mock.calls).toEqual([
      ["adw_dashboard: request failed: database is locked"],
    ]);
    expect((await fetch(`${url}healthz`)).status).toBe(200);
    stderr.mockRestore();
  });
});

describe("/api/events?format=ndjson", () => {
  const lines = async (url: string, query: string) => {
    const response = await fetch(`${url}api/events?format=ndjson${query}`);
    const text = await response.text();
    const events = text
      .split("\n")
      .slice(0, -1)
      .map((line): { seq: number; message: string } => JSON.parse(line));
    return { response, seqs: events.map(({ seq }) => seq), events };
  };
  const numbered = (count: number) =>
    Array.from({ length: count }, (_, n) => newEvent(n + 1));
  const range = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, n) => from + n);

  test("gives every stored event in one answer, one a line, without gap or double", async () => {
    const server = await start();
    server.store(numbered(12_345));
    const { response, seqs } = await lines(server.url, "");
    expect(response.headers.get("content-type")).toBe(
      "application/x-ndjson; charset=utf-8",
    );
    expect(response.headers.get("adw-stream-id")).toBe(server.history.streamId);
    expect(response.headers.get("adw-first-seq")).toBe("1");
    expect(response.headers.get("adw-last-seq")).toBe("12345");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(seqs).toEqual(range(1, 12_345));
  });

  test.each([
    ["&since=1990", range(1_991, 2_000)],
    ["&newest=3", range(1_998, 2_000)],
    ["&newest=3&since=1999", [2_000]],
    ["&newest=5000&limit=2", [1, 2]],
    ["&since=2000", []],
    ["&since=9999", []],
    ["&agent_id=b", [700]],
  ])("begins and ends where it is told: %s", async (query, expected) => {
    const server = await start();
    server.store([
      ...numbered(699),
      newEvent(700, { agent_id: "b" }),
      ...numbered(1_300),
    ]);
    expect((await lines(server.url, query)).seqs).toEqual(expected);
  });

  test("tells to HEAD where the stream begins and ends, and reads nothing", async () => {
    const server = await start();
    server.store(numbered(5));
    const read = jest.spyOn(server.history, "read");
    const response = await fetch(`${server.url}api/events?format=ndjson`, {
      method: "HEAD",
    });
    expect([response.status, response.headers.get("adw-last-seq")]).toEqual([
      200,
      "5",
    ]);
    expect(await response.text()).toBe("");
    expect(read).not.toHaveBeenCalled();
  });

  test("keeps one event on one line, whatever the database's JSON looks like", async () => {
    const json = JSON.stringify(
      { seq: 1, ...newEvent(1, { message: "a\nb" }) },
      null,
      2,
    );
    const history: EventHistory = {
      streamId: "db",
      firstSeq: 1,
      lastSeq: 1,
      read: () =>
        Promise.resolve([
          {
            seq: 1,
            event_type: "event",
            agent_id: "a",
            log_level: "info",
            json,
          },
        ]),
    };
    const { url } = await start({ history });
    const { events } = await lines(url, "");
    expect(events).toMatchObject([{ seq: 1, message: "a\nb" }]);
  });

  test("reads no further than its reader takes", async () => {
    const memory = dashboard.createMemoryHistory();
    for (let n = 0; n < 9_000; n++)
      memory.append?.(newEvent(n, { message: "x".repeat(10_000) }));
    let furthest = 0;
    const history: EventHistory = {
      streamId: memory.streamId,
      firstSeq: 1,
      lastSeq: 9_000,
      read: (since, limit) => {
        furthest = since;
        return memory.read(since, limit);
      },
    };
    const { port } = await start({ history });
    const socket = connect({ port, host: "127.0.0.1" });
    socket.write(
      "GET /api/events?format=ndjson HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    );
    await once(socket, "readable"); // and nothing is taken
    let before = -1;
    while (furthest !== before) {
      before = furthest;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(furthest).toBeLessThan(4_000);
    socket.destroy();
  });

  test("breaks off where the history cannot be read, so that nobody takes it for the end", async () => {
    const stderr = jest.spyOn(console, "error").mockImplementation(() => {});
    const memory = dashboard.createMemoryHistory();
    for (let n = 0; n < 5_000; n++) memory.append?.(newEvent(n));
    const history: EventHistory = {
      streamId: memory.streamId,
      firstSeq: 1,
      lastSeq: 5_000,
      read: (since, limit) =>
        since < 2_000
          ? memory.read(since, limit)
          : Promise.reject(new Error("database is locked")),
    };
    const { url } = await start({ history });
    await expect(lines(url, "")).rejects.toThrow("terminated");
    expect(stderr).toHaveBeenCalledWith(
      "adw_dashboard: request failed: database is locked",
    );
    stderr.mockRestore();
  });
});

describe("a history in memory", () => {
  test("keeps the newest events, numbered from 1", () => {
    const history = dashboard.createMemoryHistory(3);
    expect([history.firstSeq, history.lastSeq, history.read(0, 9)]).toEqual([
      1,
      0,
      [],
    ]);
    for (let n = 1; n <= 5; n++) history.append?.(newEvent(n));
    expect([history.firstSeq, history.lastSeq]).toEqual([3, 5]);
    const read = history.read(0, 2);
    expect(Array.isArray(read) ? read.map((item) => item.seq) : read).toEqual([
      3, 4,
    ]);
  });
});
