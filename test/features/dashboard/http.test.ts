import { createHash } from "node:crypto";
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
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

/** What stands inside the inline scripts or styles of a page. */
function inlineTexts(html: string, name: "script" | "style"): string[] {
  const element = new RegExp(`<${name}([^>]*)>([^]*?)</${name}>`, "g");
  return [...html.matchAll(element)].map(([, , text = ""]) => text);
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** A folder of its own with the page in it, to be changed by a test. */
async function withPageFolder(
  body: (directory: string) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "adw-dashboard-"));
  try {
    cpSync(dashboardDirectory, directory, { recursive: true });
    await body(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("the page", () => {
  test("comes with a policy that allows exactly its own script and styles", async () => {
    const { url } = await start();
    const response = await fetch(url);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(
      "text/html; charset=utf-8",
    );
    expect(html).toContain("<title>adw-project</title>");
    const [script = "", ...others] = inlineTexts(html, "script");
    const [style = ""] = inlineTexts(html, "style");
    expect(others).toEqual([]);
    expect(response.headers.get("content-security-policy")).toBe(
      [
        "default-src 'none'",
        `script-src ${hashOf(script)}`,
        `style-src ${hashOf(style)} 'self'`,
        "img-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
      ].join("; "),
    );
  });

  test.each(["", "custom.css", "healthz", "api/events", "nowhere"])(
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
    for (const path of ["/", "/custom.css"]) {
      const { headers } = await rawRequest(port, path);
      expect(headers["cache-control"]).toBe("no-cache");
      // Not with fetch, which asks for a fresh copy with a header of its own.
      for (const known of [
        headers["etag"],
        `"other", W/${String(headers["etag"])}`,
      ]) {
        const again = await rawRequest(port, path, "GET", {
          "If-None-Match": String(known),
        });
        expect([again.status, again.body]).toEqual([304, ""]);
      }
      const other = await rawRequest(port, path, "GET", {
        "If-None-Match": '"other"',
      });
      expect(other.status).toBe(200);
    }
  });

  test("is one readable file that needs no other, and says how to change it", async () => {
    const { url } = await start();
    const html = await (await fetch(url)).text();
    const markup = html.replaceAll(
      /(<script[^>]*>|<style[^>]*>)[^]*?<\/(?:script|style)>/g,
      "$1",
    );
    const links = [...markup.matchAll(/(?:src|href)="([^"]*)"/g)].map(
      ([, target = ""]) => target,
    );
    expect(links.filter((target) => !target.startsWith("data:"))).toEqual([
      "custom.css",
    ]);
    expect(html).not.toMatch(/importmap|modulepreload/);
    expect(html.slice(0, 700)).toContain(
      "npx adw-scaffold add adw_dashboard_source",
    );
    expect(html.slice(0, 700)).toMatch(/generated[^]*adw_dashboard \d+\.\d+/);
    expect(html).toContain("function startState()");
    expect(html).toMatch(/preact \d+\.\d+\.\d+[^]*MIT/);
  });

  test("that was edited is served at once, with the policy that it needs", async () => {
    await withPageFolder(async (directory) => {
      const { url } = await start({ directory });
      const before = await (await fetch(url)).text();
      const file = join(directory, "index.html");
      const own = "\r\n  document.title = '<mine>';\r\n";
      writeFileSync(
        file,
        // The script, too, holds a "</body>".
        readFileSync(file, "utf8").replace(
          /<\/body>\s*<\/html>\s*$/,
          () => `<script>${own}</script>\r\n</body></html>`,
        ),
      );
      const response = await fetch(url);
      const html = await response.text();
      expect(html).not.toBe(before);
      const policy = response.headers.get("content-security-policy");
      // A browser hashes what it has read, in which no line ends in \r\n.
      expect(policy).toContain(hashOf(own.replaceAll("\r\n", "\n")));
      for (const script of inlineTexts(html, "script")) {
        expect(policy).toContain(hashOf(script));
      }
    });
  });

  test("that is missing is told of when the server starts", async () => {
    await withPageFolder((directory) => {
      rmSync(join(directory, "index.html"));
      expect(() =>
        dashboard.createDashboard({
          source: () => ({ history: dashboard.createMemoryHistory() }),
          directory,
        }),
      ).toThrow(/has no page at .*index\.html: run 'npx adw-scaffold update'/);
      return Promise.resolve();
    });
  });
});

describe("custom.css", () => {
  test("is empty where there is none", async () => {
    const { url } = await start();
    const response = await fetch(`${url}custom.css`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(
      "text/css; charset=utf-8",
    );
    expect(await response.text()).toBe("");
  });

  test("is the owner's beside the page, after the page's own styles", async () => {
    await withPageFolder(async (directory) => {
      const { url } = await start({ directory });
      const style = ":root { --accent: rebeccapurple; }\n";
      writeFileSync(join(directory, "custom.css"), style);
      expect(await (await fetch(`${url}custom.css`)).text()).toBe(style);
      const html = await (await fetch(url)).text();
      expect(html.indexOf('href="custom.css"')).toBeGreaterThan(
        html.indexOf("</style>"),
      );
    });
  });
});

describe("paths", () => {
  test.each([
    "/../adw_modules/adw_dashboard.ts",
    "/..%2fadw_modules/adw_dashboard.ts",
    "/%2e%2e/adw_modules/adw_dashboard.ts",
    "/..\\adw_modules\\adw_dashboard.ts",
    "/custom.css/../index.html",
    "/custom.css%00",
    "/index.html",
    "/dashboard/main.js",
    "/vendor/preact.js",
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
});

describe("the token", () => {
  test("is needed for all but the page itself, which holds no data", async () => {
    const { url } = await start({ token: "s3cret" });
    const statusOf = async (path: string, token?: string): Promise<number> => {
      const headers: Record<string, string> =
        token === undefined ? {} : { Authorization: `Bearer ${token}` };
      return (await fetch(url + path, { headers })).status;
    };
    for (const path of ["", "custom.css"]) {
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
    const stderr = jest
      .spyOn(process.stderr, "write")
      .mockImplementation(() => true);
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
      ["adw_dashboard: request failed: database is locked\n"],
    ]);
    // What cannot be read is not healthy; the server itself goes on.
    expect((await fetch(`${url}healthz`)).status).toBe(503);
    expect((await fetch(url)).status).toBe(200);
    stderr.mockRestore();
  });

  test("says nothing of what could not be read for a reader who has gone", async () => {
    const stderr = jest
      .spyOn(process.stderr, "write")
      .mockImplementation(() => true);
    let fail: (error: Error) => void = () => undefined;
    const history: EventHistory = {
      streamId: "db",
      firstSeq: 1,
      lastSeq: 1,
      read: () => [],
    };
    const asked = new Promise<void>((resolve) => {
      history.read = () => {
        resolve();
        return new Promise((_resolve, reject) => (fail = reject));
      };
    });
    const { url, port } = await start({ history });
    const socket = connect({ port, host: "127.0.0.1" });
    socket.write("GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await asked;
    socket.destroy();
    await once(socket, "close");
    await fetch(url); // the server has seen that the other one has gone
    fail(new Error("the database is not open"));
    await fetch(url);
    expect(stderr).not.toHaveBeenCalled();
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
    const stderr = jest
      .spyOn(process.stderr, "write")
      .mockImplementation(() => true);
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
      "adw_dashboard: request failed: database is locked\n",
    );
    stderr.mockRestore();
  });

  test.each([
    ["with fewer events", 100],
    ["with more events", 9_000],
  ])(
    "breaks off where the stream becomes another one, %s",
    async (_name, lastSeq) => {
      const memory = dashboard.createMemoryHistory();
      for (let n = 0; n < 9_000; n++) memory.append?.(newEvent(n));
      const history = {
        streamId: "first",
        firstSeq: 1,
        lastSeq: 5_000,
        read(since: number, limit: number): ReturnType<EventHistory["read"]> {
          // Between two turns, as when a database's file is replaced.
          if (since > 1_000) {
            setImmediate(() => {
              Object.assign(history, { streamId: "second", lastSeq });
            });
          }
          return memory.read(since, limit);
        },
      } satisfies EventHistory;
      const { url } = await start({ history });
      await expect(lines(url, "")).rejects.toThrow("terminated");
    },
  );
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
