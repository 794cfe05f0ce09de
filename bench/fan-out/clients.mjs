/** Any number of clients in one process: bare sockets that count what they get. */
import { connect } from "node:net";
import { FrameReader, readTexts } from "./frame-reader.mjs";

/** All sockets read into it: what is in it is counted before the next read. */
const buffer = Buffer.allocUnsafe(256 * 1024);

const UPGRADE =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const REQUESTS = {
  none: undefined,
  websocket: "/",
  "socket.io": "/socket.io/?EIO=4&transport=websocket",
};

/** "40", masked by zeros: Socket.IO's connect packet. */
const SOCKET_IO_CONNECT = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x34, 0x30]);

let clients = [];
let control;
/** Messages of all clients in this run. */
let received = 0;
let nextAcknowledgement = Infinity;
let acknowledgeStep = Infinity;
let awaited = Infinity;
/** Bytes of the first client, while a run is checked. */
let captured;

function openClient({ port, handshake, greeting }) {
  return new Promise((resolve, reject) => {
    const reader = new FrameReader();
    const path = REQUESTS[handshake];
    let head = path === undefined ? undefined : "";
    let open = false;
    const client = { reader, socket: undefined };
    const settle = () => {
      if (open || head !== undefined || reader.frames < greeting) return;
      open = true;
      resolve(client);
    };
    const read = (length) => {
      let from = 0;
      if (head !== undefined) {
        const before = head.length;
        head += buffer.toString("latin1", 0, length);
        const end = head.indexOf("\r\n\r\n");
        if (end === -1) return true;
        if (!head.startsWith("HTTP/1.1 101")) {
          reject(new Error(`no upgrade: ${head.slice(0, 200)}`));
          return false;
        }
        from = end + 4 - before;
        head = undefined;
        if (handshake === "socket.io") client.socket.write(SOCKET_IO_CONNECT);
      }
      const before = reader.frames;
      if (client === clients[0] && captured !== undefined) {
        captured.push(Buffer.from(buffer.subarray(from, length)));
      }
      reader.push(buffer.subarray(from, length), length - from);
      if (open) count(reader.frames - before);
      else settle();
      return true;
    };
    client.socket = connect({
      host: "127.0.0.1",
      port,
      noDelay: true,
      onread: { buffer, callback: read },
    });
    client.socket.on("connect", () => {
      if (path === undefined) settle();
      else
        client.socket.write(
          `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${UPGRADE}`,
        );
    });
    client.socket.on("error", reject);
    client.socket.on("end", () => {
      process.send({ error: "the server closed a connection" });
    });
  });
}

function count(frames) {
  received += frames;
  while (received >= nextAcknowledgement) {
    nextAcknowledgement += acknowledgeStep;
    control.write("+");
  }
  if (received >= awaited) finish();
}

/** All events have arrived: at every client, or else something was sent twice. */
function finish() {
  const finishedAt = performance.timeOrigin + performance.now();
  const each = awaited / clients.length;
  awaited = Infinity;
  const wrong = clients.filter(({ reader }) => reader.frames !== each).length;
  process.send({
    finishedAt,
    wrong,
    texts:
      captured === undefined ? undefined : readTexts(Buffer.concat(captured)),
  });
  captured = undefined;
}

const HANDLERS = {
  async connect({ count: wanted, controlPort, ...facts }) {
    control ??= connect({
      host: "127.0.0.1",
      port: controlPort,
      noDelay: true,
    });
    while (clients.length < wanted) {
      const batch = Math.min(50, wanted - clients.length);
      clients.push(
        ...(await Promise.all(
          Array.from({ length: batch }, () => openClient(facts)),
        )),
      );
    }
    process.send({ connected: clients.length });
  },
  start({ acknowledgeEvery, capture }) {
    received = 0;
    for (const { reader } of clients) reader.frames = 0;
    acknowledgeStep = acknowledgeEvery * clients.length;
    nextAcknowledgement = acknowledgeStep;
    captured = capture ? [] : undefined;
    process.send({ started: true });
  },
  await({ events }) {
    awaited = events * clients.length;
    if (received >= awaited) finish();
  },
  exit() {
    process.exit(0);
  },
};

process.on("message", (request) => void HANDLERS[request.type](request));
process.send({ ready: true });
