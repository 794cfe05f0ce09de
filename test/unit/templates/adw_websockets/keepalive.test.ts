import { Keepalive } from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/keepalive.ts";
import type {
  Clock,
  Pulse,
} from "../../../../build/rendered/default/adws/adw_modules/adw_websockets/keepalive.ts";

/** Time passes only when the test says so; timers go off when they are due. */
class FakeClock implements Clock {
  time = 0;
  timers: { at: number; callback: () => void }[] = [];
  armed = 0;

  now(): number {
    return this.time;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.time + delayMs, callback };
    this.armed += 1;
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** `blockedMs`: the process gets to its timers only so much later. */
  advance(ms: number, blockedMs = 0): void {
    const end = this.time + ms;
    for (;;) {
      const next = this.timers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      this.time = next.at + blockedMs;
      this.timers = this.timers.filter((timer) => timer !== next);
      next.callback();
    }
    this.time = Math.max(this.time, end);
  }
}

const limits = {
  idleTimeoutMs: 60_000,
  pingIntervalMs: 30_000,
  pongTimeoutMs: 10_000,
  maxMissedPongs: 3,
  maxBehindMs: 300_000,
};

function setUp(changes: Partial<typeof limits> = {}) {
  const clock = new FakeClock();
  const all = { ...limits, ...changes };
  const peer: Pulse = {
    heardAt: 0,
    pingDueAt: all.pingIntervalMs,
    pongDueAt: Infinity,
    pingNumber: 0,
    strikes: 0,
    behindSince: Infinity,
    closeBy: Infinity,
  };
  const peers = new Set([peer]);
  const draining = new Set<Pulse>();
  const log: string[] = [];
  const keepalive = new Keepalive({
    limits: all,
    clock,
    peers,
    draining,
    ping: (_peer, payload) => {
      log.push(`${String(clock.time / 1_000)} ping ${payload}`);
    },
    end: (ended, why) => {
      log.push(`${String(clock.time / 1_000)} ${why}`);
      peers.delete(ended);
      draining.delete(ended);
    },
  });
  keepalive.wake(Math.min(peer.pingDueAt, all.idleTimeoutMs));
  return { clock, peer, peers, draining, log, keepalive };
}

test("a mute peer gets pings at 30, 40 and 50 s and is gone at 60 s", () => {
  const { clock, log } = setUp();
  clock.advance(100_000);
  expect(log).toEqual(["30 ping 1", "40 ping 2", "50 ping 3", "60 mute"]);
});

test("a peer that answers is asked every 30 s, for ever", () => {
  const { clock, peer, log, keepalive } = setUp();
  for (let round = 1; round <= 5; round += 1) {
    clock.advance(30_000);
    clock.advance(0.5);
    expect(keepalive.receivePong(peer, String(round))).toBe(true);
  }
  expect(peer.strikes).toBe(0);
  expect(log.slice(0, 3)).toEqual(["30 ping 1", "60 ping 2", "90 ping 3"]);
});

test("a late pong is a sign of life only, and one of an earlier ping is no answer", () => {
  const { clock, peer, keepalive } = setUp();
  clock.advance(40_000);
  expect([peer.pingNumber, peer.strikes]).toEqual([2, 1]);
  expect(keepalive.receivePong(peer, "1")).toBe(false);
  peer.pongDueAt = clock.time;
  expect(keepalive.receivePong(peer, "2")).toBe(true);
  expect([peer.strikes, peer.heardAt]).toEqual([1, 40_000]);
});

test("a pong that nobody asked for is no answer", () => {
  const { peer, keepalive } = setUp();
  expect(keepalive.receivePong(peer, "0")).toBe(false);
});

test("who is not heard for the idle timeout is reported, whatever its pongs", () => {
  const { clock, log } = setUp({ idleTimeoutMs: 5_000 });
  clock.advance(20_000);
  expect(log).toEqual(["5 idle"]);
});

test("who has been behind for too long is reported", () => {
  const { clock, peer, log, keepalive } = setUp({ maxBehindMs: 8_000 });
  peer.behindSince = 1_000;
  keepalive.wake(9_000);
  clock.advance(20_000);
  expect(log).toEqual(["9 behind"]);
});

test("who does not drain in time is reported", () => {
  const { clock, peer, peers, draining, log, keepalive } = setUp();
  peers.clear();
  draining.add(Object.assign(peer, { closeBy: 12_000 }));
  keepalive.wake(12_000);
  clock.advance(20_000);
  expect(log).toEqual(["12 not drained"]);
});

test("time in which the process was blocked is not held against its clients", () => {
  const { clock, peer, log } = setUp({ maxMissedPongs: 1 });
  clock.advance(30_000);
  clock.advance(10_000, 60_000);
  expect(peer.heardAt).toBe(100_000);
  expect(log).toEqual(["30 ping 1"]);
});

test("one timer serves any number of peers", () => {
  const { clock, peer, peers } = setUp();
  for (let count = 0; count < 1_000; count += 1) peers.add({ ...peer });
  clock.advance(29_999);
  expect(clock.timers).toHaveLength(1);
  expect(clock.armed).toBe(1);
});

test("Infinity switches a timeout off, and stop ends everything", () => {
  const { clock, log, keepalive } = setUp({
    idleTimeoutMs: Infinity,
    pingIntervalMs: Infinity,
  });
  clock.advance(1e9);
  keepalive.stop();
  keepalive.wake(0);
  expect(clock.timers).toEqual([]);
  expect(log).toEqual([]);
});
