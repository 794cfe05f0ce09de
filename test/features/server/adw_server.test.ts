import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { WebSocket } from "ws";
import { run } from "../../helpers/program.ts";
import { copyRendered } from "../../helpers/rendered-modules.ts";

// Each test starts programs, which takes seconds on a busy machine.
jest.setTimeout(60_000);

let copy: ReturnType<typeof copyRendered>;
const programs: Array<ReturnType<typeof run>> = [];

beforeEach(() => {
  copy = copyRendered();
});

afterEach(async () => {
  for (const { child, exited } of programs.splice(0)) {
    child.kill("SIGKILL");
    await exited;
  }
  copy.remove();
});

function runServer(args: string[], environment: Record<string, string> = {}) {
  const program = run(
    [join(copy.adwsDir, "adw_server.ts"), ...args],
    environment,
  );
  programs.push(program);
  return program;
}

/** Runs it until it prints its URL. */
async function startServer(args: string[] = [], environment = {}) {
  const program = runServer(["--port", "0", ...args], environment);
  const [, page = "", token] = await program.printed(
    /^Open {5}(http:\/\/[^/]+)\/(?:#token=(\S+))?\n[^]*stops the server\.\n/m,
  );
  return { ...program, page, token };
}

const tokenFile = () => join(copy.adwsDir, ".adw_token");
const modeOf = (path: string) => statSync(path).mode & 0o777;

/** The code that a WebSocket handshake is answered with; 101 when it succeeds. */
async function handshake(page: string, token?: string): Promise<number> {
  const protocols = token === undefined ? [] : ["adw.v1", `adw.token.${token}`];
  const socket = new WebSocket(page.replace("http", "ws"), protocols);
  const status = await new Promise<number>((resolve) => {
    socket.on("open", () => resolve(101));
    socket.on("unexpected-response", (_, response) =>
      resolve(response.statusCode ?? 0),
    );
    socket.on("error", () => resolve(0));
  });
  socket.terminate();
  return status;
}

test("prints the URL to open, with the token that lets a client in", async () => {
  const { page, token, stderr } = await startServer();
  expect(await handshake(page, token)).toBe(101);
  expect(await handshake(page, "wrong")).toBe(401);
  expect(await handshake(page)).toBe(401);
  expect(stderr()).toBe("");
});

describe("the token", () => {
  test("is made once, into a file that only its owner can read", async () => {
    const { token } = await startServer();
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(readFileSync(tokenFile(), "utf8")).toBe(`${token}\n`);
    expect(modeOf(tokenFile())).toBe(0o600);
    const leftOver = readdirSync(copy.adwsDir).filter((name) =>
      /tmp/.test(name),
    );
    expect(leftOver).toEqual([]);
  });

  test("is kept by a restart", async () => {
    const first = await startServer();
    first.child.kill("SIGTERM");
    await first.exited;
    const second = await startServer();
    expect(second.token).toBe(first.token);
  });

  test("is made on a file system without hard links too", async () => {
    const preload = join(copy.adwsDir, "no-links.cjs");
    writeFileSync(
      preload,
      `const fs = require("node:fs");
      fs.linkSync = () => {
        throw Object.assign(new Error("EPERM: operation not permitted, link"), { code: "EPERM" });
      };
      require("node:module").syncBuiltinESMExports();`,
    );
    const environment = { NODE_OPTIONS: `--require ${preload}` };
    const first = await startServer([], environment);
    const second = await startServer([], environment);
    expect(readFileSync(tokenFile(), "utf8")).toBe(`${first.token}\n`);
    expect(second.token).toBe(first.token);
    expect(modeOf(tokenFile())).toBe(0o600);
    expect(
      readdirSync(copy.adwsDir).filter((name) => /tmp/.test(name)),
    ).toEqual([]);
  });

  test("is the same for two servers that make it at the same time", async () => {
    const [first, second] = await Promise.all([startServer(), startServer()]);
    expect(second.token).toBe(first.token);
  });

  test("comes from ADW_TOKEN where that is set; no file is made then", async () => {
    const { page, token } = await startServer([], {
      ADW_TOKEN: "from-outside",
    });
    expect(token).toBe("from-outside");
    expect(await handshake(page, "from-outside")).toBe(101);
    expect(existsSync(tokenFile())).toBe(false);
  });

  test("a short ADW_TOKEN is its owner's choice, but not without a word", async () => {
    const { page, token, stderr } = await startServer([], {
      ADW_TOKEN: "s3cret",
    });
    expect(token).toBe("s3cret");
    expect(await handshake(page, "s3cret")).toBe(101);
    expect(stderr()).toBe(
      "adw_server: ADW_TOKEN is shorter than 8 characters, so it can be guessed. A good one: openssl rand -hex 32\n",
    );
  });

  test("a file that others can read is tightened, and that is said", async () => {
    writeFileSync(tokenFile(), "kept-as-it-is\n");
    chmodSync(tokenFile(), 0o644);
    const { token, stderr } = await startServer();
    expect(token).toBe("kept-as-it-is");
    expect(modeOf(tokenFile())).toBe(0o600);
    expect(stderr()).toBe(
      `${tokenFile()} was open to other users (mode 644); it is 600 now. ` +
        "If somebody may have read it, delete it and start again for a new token.\n",
    );
  });

  test("a symbolic link in its place is refused", async () => {
    const elsewhere = join(copy.adwsDir, "elsewhere");
    writeFileSync(elsewhere, "somebody-elses\n");
    symlinkSync(elsewhere, tokenFile());
    const { exited, stderr } = runServer(["--port", "0"]);
    expect(await exited).toEqual({ code: 1, signal: null });
    expect(stderr()).toContain("delete it, or set ADW_TOKEN");
  });

  test.each([
    ["an empty file", "", {}, ".adw_token must hold 8 to 512"],
    [
      "a token for no header",
      "",
      { ADW_TOKEN: "a b c d e" },
      "ADW_TOKEN must hold 1 to 512",
    ],
  ])(
    "%s is refused with exit code 2",
    async (_, content, environment, message) => {
      writeFileSync(tokenFile(), content, { mode: 0o600 });
      const { exited, stderr } = runServer(["--port", "0"], environment);
      expect(await exited).toEqual({ code: 2, signal: null });
      expect(stderr()).toContain(message);
    },
  );

  test("--no-token: none is needed, and none is made", async () => {
    const { page, token } = await startServer(["--no-token"]);
    expect(token).toBeUndefined();
    expect(await handshake(page)).toBe(101);
    expect(existsSync(tokenFile())).toBe(false);
  });

  test("--no-token on an address that others reach is refused", async () => {
    const args = ["--no-token", "--host", "0.0.0.0", "--port", "0"];
    const { exited, stderr } = runServer(args);
    expect(await exited).toEqual({ code: 1, signal: null });
    expect(stderr()).toMatch(/^adw_server: refusing to listen on 0\.0\.0\.0/);
  });
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s: closes clients with 1001, frees the port, exits 0",
  async (signal) => {
    const { page, token, child, exited, stderr } = await startServer();
    const url = page.replace("http", "ws");
    const client = new WebSocket(url, ["adw.v1", `adw.token.${token}`]);
    await once(client, "open");
    const closed = once(client, "close");
    child.kill(signal);
    expect((await closed)[0]).toBe(1001);
    expect(await exited).toEqual({ code: 0, signal: null });
    expect(stderr()).toBe("");
    const again = await startServer(["--port", new URL(page).port]);
    expect(again.page).toBe(page);
  },
);

test("a second signal does not wait for clients that do not answer", async () => {
  const { page, token, child, exited } = await startServer();
  const client = new WebSocket(page.replace("http", "ws"), [
    "adw.v1",
    `adw.token.${token}`,
  ]);
  await once(client, "open");
  client.on("error", () => {});
  client.pause(); // never answers the close
  const startMs = performance.now();
  child.kill("SIGTERM");
  // Signals that are pending together may arrive as one: ask until it is gone.
  const insist = setInterval(() => child.kill("SIGTERM"), 20);
  const { code } = await exited;
  clearInterval(insist);
  client.terminate();
  expect(code).toBe(143);
  expect(performance.now() - startMs).toBeLessThan(900);
});

test("a port in use: says so and what to do, exit code 1", async () => {
  const blocker = createServer().listen(0, "127.0.0.1");
  await once(blocker, "listening");
  const { port } = blocker.address() as AddressInfo;
  const { exited, stderr } = runServer(["--port", String(port)]);
  expect(await exited).toEqual({ code: 1, signal: null });
  blocker.close();
  expect(stderr()).toBe(
    `adw_server: cannot listen on 127.0.0.1:${port}: the port is in use. Stop the other process, or choose another port.\n` +
      "For another port: --port <number>, or --port 0 for any free one.\n",
  );
});

test.each([
  [["--prot", "9001"], "Unknown option '--prot'"],
  [["9001"], "Unexpected argument '9001'"],
  [["--port"], "Option '--port <value>' argument missing"],
  [["--port", "abc"], '--port must be a number from 0 to 65535, not "abc".'],
  [
    ["--port", "65536"],
    '--port must be a number from 0 to 65535, not "65536".',
  ],
  [["--host", ""], "--host must not be empty."],
])("%j is refused with exit code 2", async (args, message) => {
  const { exited, stdout, stderr } = runServer(args);
  expect(await exited).toEqual({ code: 2, signal: null });
  expect(stdout()).toBe("");
  expect(stderr()).toContain(message);
  expect(stderr()).toContain("Run with --help to see the options.");
  expect(existsSync(tokenFile())).toBe(false);
});

test("--help names every option, and starts nothing", async () => {
  const { exited, stdout } = runServer(["--help"]);
  expect(await exited).toEqual({ code: 0, signal: null });
  for (const option of ["--port", "--host", "--no-token", "ADW_TOKEN"]) {
    expect(stdout()).toContain(option);
  }
  expect(existsSync(tokenFile())).toBe(false);
});
