import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { once } from "node:events";
import type {
  AdwServer,
  RequestHandler,
} from "../../helpers/websockets-module.ts";
import { captureStderr, connect, start } from "../../helpers/servers.ts";

async function fetchFrom(
  server: AdwServer,
  path = "/",
  headers: Record<string, string> = {},
): Promise<{
  status: number;
  text: string;
  headers: IncomingMessage["headers"];
}> {
  const sent = request({
    host: "127.0.0.1",
    port: server.port,
    path,
    headers,
    agent: false,
  }).end();
  const [response] = await once(sent, "response");
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, text, headers: response.headers };
}

const sayAccess: RequestHandler = (_request, response, access) => {
  response.end(JSON.stringify(access));
};

test("plain HTTP is answered with 426 by default", async () => {
  const server = await start();
  const { status, text, headers } = await fetchFrom(server);
  expect(status).toBe(426);
  expect(headers.upgrade).toBe("websocket");
  expect(text).toBe(`WebSocket only: connect to ${server.url}\n`);
});

test("onRequest gets it, and the socket goes on to take upgrades", async () => {
  const server = await start({ onRequest: sayAccess });
  const { status, text } = await fetchFrom(server, "/healthz");
  expect({ status, text }).toEqual({
    status: 200,
    text: '{"authorized":true}',
  });
  await connect(server);
});

test.each([
  ["/", {}, false],
  ["/?token=t", {}, true],
  ["/?token=x", {}, false],
  ["/", { Authorization: "Bearer t" }, true],
])(
  "access tells whether the token was right: %s %j",
  async (path, headers, authorized) => {
    const server = await start({ token: "t", onRequest: sayAccess });
    const { text } = await fetchFrom(server, path, { ...headers });
    expect(JSON.parse(text)).toEqual({ authorized });
  },
);

test.each([
  [{ Host: "evil.example" }],
  [{ Origin: "https://evil.example" }],
  [{ Origin: "null" }],
])("%j gives 403 before onRequest is asked", async (headers) => {
  const onRequest = jest.fn();
  const server = await start({ onRequest });
  const { status } = await fetchFrom(server, "/", { ...headers });
  expect(status).toBe(403);
  expect(onRequest).not.toHaveBeenCalled();
});

test.each([
  [
    "throws",
    () => {
      throw new Error("oops");
    },
  ],
  ["rejects", () => Promise.reject(new Error("oops"))],
])(
  "an onRequest that %s gives 500 and a line on stderr",
  async (_name, onRequest) => {
    const stderr = captureStderr();
    const server = await start({ onRequest });
    expect((await fetchFrom(server)).status).toBe(500);
    expect(stderr).toEqual(["adw_websockets: onRequest threw: oops\n"]);
    await connect(server);
  },
);
