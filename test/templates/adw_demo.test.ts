import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { run } from "../helpers/program.ts";
import { renderedPath } from "../helpers/rendered-modules.ts";

// Two processes a demo, three demos in the longest test.
jest.setTimeout(60_000);

const runDemo = (args: string[], environment: Record<string, string> = {}) =>
  run([renderedPath("adw_demo.ts"), ...args], environment);

const COUNTS = /\nsent (\d+), received (\d+)\n$/;

test("--seconds 3 ends by itself: all that was sent has been received", async () => {
  const startMs = performance.now();
  const { exited, stdout, stderr } = runDemo([
    "--seconds",
    "3",
    "--rate",
    "60",
  ]);
  expect(await exited).toEqual({ code: 0, signal: null });
  expect(performance.now() - startMs).toBeGreaterThan(3_000);
  expect(stderr()).toBe("");
  const [, sent, received] = COUNTS.exec(stdout()) ?? [];
  expect(Number(sent)).toBeGreaterThan(50);
  expect(received).toBe(sent);
});

test("shows one line an event, without colours where there is no terminal", async () => {
  const { exited, stdout } = runDemo(["--rate", "2000"], { NO_COLOR: "1" });
  expect((await exited).code).toBe(0);
  expect(stdout()).not.toContain("\u001b");
  const [, sent] = COUNTS.exec(stdout()) ?? [];
  const lines = stdout()
    .split("\n")
    .filter(
      (line) => /^ *\d+\.\ds {2}\S/.test(line) || /^ *\d+\.\ds {2}└/.test(line),
    );
  expect(lines).toHaveLength(Number(sent));
  expect(stdout()).toContain("Read src/");
});

test("the same seed plays the same story", async () => {
  const play = async (seed: string) => {
    const { exited, stdout } = runDemo(["--rate", "5000", "--seed", seed]);
    await exited;
    return stdout()
      .replaceAll(/^ *[\d.]+s/gm, "")
      .replace(/^Open .*/, "");
  };
  const [first, second, other] = [
    await play("3"),
    await play("3"),
    await play("4"),
  ];
  expect(second).toBe(first);
  expect(other).not.toBe(first);
});

test("Ctrl-C ends the story, and the counts are still said", async () => {
  const { child, exited, stdout, printed } = runDemo(["--seconds", "0"]);
  await printed(/planner/);
  child.kill("SIGINT");
  expect(await exited).toEqual({ code: 0, signal: null });
  const [, sent, received] = COUNTS.exec(stdout()) ?? [];
  expect(Number(sent)).toBeGreaterThan(0);
  expect(received).toBe(sent);
});

test("a reader that goes away ends the demo quietly", async () => {
  const { child, exited, printed, stderr } = runDemo([
    "--seconds",
    "0",
    "--rate",
    "100",
  ]);
  await printed(/planner/);
  child.stdout?.destroy();
  expect((await exited).code).toBe(0);
  expect(stderr()).toBe("");
});

test("a port in use: exit code 1 and what to do", async () => {
  const blocker = createServer().listen(0, "127.0.0.1");
  await once(blocker, "listening");
  const { port } = blocker.address() as AddressInfo;
  const { exited, stderr } = runDemo(["--port", String(port)]);
  expect((await exited).code).toBe(1);
  blocker.close();
  expect(stderr()).toBe(
    `adw_demo: cannot listen on 127.0.0.1:${port}: the port is in use. Stop the other process, or choose another port.\n`,
  );
});

test.each([
  [["--second", "3"], "Unknown option '--second'"],
  [
    ["--seconds", "soon"],
    '--seconds must be a number from 0 to 86400, not "soon".',
  ],
  [["--rate", "0"], '--rate must be a number from 0.1 to 86400, not "0".'],
])("%j is refused with exit code 2", async (args, message) => {
  const { exited, stderr } = runDemo(args);
  expect((await exited).code).toBe(2);
  expect(stderr()).toContain(message);
  expect(stderr()).toContain("Run with --help to see the options.");
});
