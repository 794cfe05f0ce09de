/**
 * What does it cost to bring one event to one client?
 *
 * Every contender has a process of its own, and its clients have another: bare
 * sockets that count frames. What is compared is the CPU time of the server
 * process per delivered event, because that is what limits a server, and because
 * on a small machine the clock also measures the clients. The clock's ratios
 * follow in a second table.
 */
import { pairedRatio, median } from "../shared/statistics.mjs";
import { formatTable, formatTarget } from "../shared/table.mjs";
import { Contest } from "./contest.mjs";
import { CONTENDERS } from "./contenders/index.mjs";
import { prepareModule } from "./rendered-module.mjs";

const BURSTS = [1, 10];
const OURS = "adw";
const PEERS = Object.keys(CONTENDERS).filter((name) => name !== OURS);

/** What the design promises at 100 clients, in CPU time: burst, peer, least ratio. */
const TARGETS = [
  [1, "raw", 0.95],
  [1, "ws", 1.5],
  [10, "raw-coalesced", 0.85],
  [10, "ws", 10],
  [10, "socket.io", 10],
];

export async function run(options) {
  const { quick, clients, rounds, module } = options;
  const counts = (clients ?? "1,10,100,1000").split(",").map(Number);
  const plan = quick
    ? { rounds: Number(rounds ?? 3), milliseconds: 50 }
    : { rounds: Number(rounds ?? 9), milliseconds: 200 };
  const contests = new Map();
  const facts = {
    module: await prepareModule(module),
    maxClients: Math.max(...counts),
    cpuProf: options["cpu-prof"],
  };
  try {
    for (const name of Object.keys(CONTENDERS)) {
      contests.set(name, await Contest.start(name, facts));
    }
    const results = new Map();
    let sample;
    for (const count of counts) {
      for (const [name, contest] of contests) {
        await contest.connect(count);
        const text = await contest.verify();
        if (name === OURS) sample = text;
      }
      if (count === counts[0]) await warmUp(contests, plan);
      for (const burst of BURSTS) {
        results.set(key(count, burst), await compare(contests, burst, plan));
      }
    }
    report(results, counts, plan, sample);
  } finally {
    await Promise.all([...contests.values()].map((contest) => contest.stop()));
  }
}

/** Until V8 has optimised what every event goes through. */
async function warmUp(contests, { milliseconds }) {
  for (const contest of contests.values()) {
    for (const burst of BURSTS) await contest.measure(burst, milliseconds * 4);
  }
}

/** One cell: every contender in turn, round after round. */
async function compare(contests, burst, { rounds, milliseconds }) {
  const measured = new Map([...contests.keys()].map((name) => [name, []]));
  const names = [...contests.keys()];
  for (let round = -1; round < rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      // Another one begins in every round, so that none always follows the same.
      const name = names[(turn + round + 1) % names.length];
      const result = await contests.get(name).measure(burst, milliseconds);
      // The round before the first lets buffers and windows grow.
      if (round >= 0) measured.get(name).push(result);
    }
  }
  return measured;
}

function key(count, burst) {
  return `${count}/${burst}`;
}

function report(results, counts, { rounds, milliseconds }, sample) {
  console.log(
    `\nFan-out: one event is ${Buffer.byteLength(sample)} bytes of JSON; ${rounds} rounds of ${milliseconds} ms per cell, every delivery counted.`,
  );
  console.log(
    "\nCPU time of the server process per delivered event: how many times what adw_websockets needs the others need (more than 1: adw_websockets is cheaper)\n",
  );
  console.log(table(results, counts, "cpu"));
  console.log(
    "\nTime on the clock until every client has every event, the same way (clients and server share the machine)\n",
  );
  console.log(table(results, counts, "wall"));
  if (!counts.includes(100)) return;
  console.log("\nTargets at 100 clients: CPU time, × adw_websockets\n");
  for (const [burst, peer, least] of TARGETS) {
    const measured = results.get(key(100, burst));
    console.log(
      formatTarget(
        `burst ${burst}, ${CONTENDERS[peer].title}`,
        ratioTo(measured, peer, "cpu"),
        least,
      ),
    );
  }
}

function table(results, counts, figure) {
  const rows = counts.flatMap((count) =>
    BURSTS.map((burst) => {
      const measured = results.get(key(count, burst));
      const own = median(measured.get(OURS).map((result) => result[figure]));
      return [
        `${count} ${count === 1 ? "client" : "clients"}, burst ${burst}`,
        `${own.toFixed(2)} µs`,
        ...PEERS.map((peer) =>
          ratioTo(measured, peer, figure).median.toFixed(2),
        ),
      ];
    }),
  );
  return formatTable(
    [
      "",
      CONTENDERS[OURS].title,
      ...PEERS.map((peer) => CONTENDERS[peer].title),
    ],
    rows,
  );
}

function ratioTo(measured, peer, figure) {
  const values = (name) => measured.get(name).map((result) => result[figure]);
  return pairedRatio(values(peer), values(OURS));
}
