import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { which } from "bun";
import { EXECUTABLE, executable, programEnvironment, run } from "../support/binary.ts";
import { until } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { listenForNotices, type Notice } from "../support/notify-socket.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Tests what the executable reports to systemd. */

const isLinux = process.platform === "linux";
const has = (name: string) => (notice: Notice) => name in notice;

/** Microseconds since the start of the system, in which suspended time does not count. */
function upTimeUsec(): number {
  return Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1e6;
}

describe.skipIf(!isLinux)("a server with NOTIFY_SOCKET", () => {
  for (const [kind, name] of [
    ["a path", null],
    ["an abstract socket", `@boathook-test-${process.pid}`],
  ] as const) {
    test(`a server with NOTIFY_SOCKET reports start, reload and stop to ${kind}`, async () => {
      using dir = temporaryDirectory();
      const NOTIFY_SOCKET = name ?? dir.file("notify.sock");
      using manager = listenForNotices(NOTIFY_SOCKET);
      await using boathook = await install([], { env: { NOTIFY_SOCKET } });
      const ready = await manager.next(has("READY"));
      expect(ready).toEqual({ READY: "1", STATUS: `Serving on ${boathook.url}.` });
      expect(manager.all()[0]).toEqual({ STATUS: "Starting." });
      expect((await boathook.send("GET", "/health")).status).toBe(200);

      boathook.process.kill("SIGHUP");
      const reloading = await manager.next(has("RELOADING"));
      expect(reloading.RELOADING).toBe("1");
      const isNow = Math.abs(Number(reloading.MONOTONIC_USEC) - upTimeUsec()) < 600e6;
      expect([reloading.MONOTONIC_USEC, isNow]).toEqual([expect.stringMatching(/^\d+$/), true]);
      expect(await manager.next(has("READY"))).toMatchObject({ READY: "1" });

      const exit = boathook.process.stop();
      expect(await manager.next(has("STOPPING"))).toMatchObject({ STOPPING: "1", EXTEND_TIMEOUT_USEC: "30000000" });
      expect(await exit).toBe(0);
      expect(manager.all().some(has("WATCHDOG"))).toBe(false);
    });
  }

  test("a server with NOTIFY_SOCKET sends signs of life if the watchdog is meant for it, and none otherwise", async () => {
    using dir = temporaryDirectory();
    const NOTIFY_SOCKET = dir.file("notify.sock");
    using manager = listenForNotices(NOTIFY_SOCKET);
    await using boathook = await install([], { env: { NOTIFY_SOCKET, WATCHDOG_USEC: "100000" } });
    for (let i = 0; i < 3; i++) expect(await manager.next(has("WATCHDOG"))).toEqual({ WATCHDOG: "1" });
    expect(await boathook.process.stop()).toBe(0);

    const before = manager.all().length;
    await using other = await install([], { env: { NOTIFY_SOCKET, WATCHDOG_USEC: "1000", WATCHDOG_PID: "1" } });
    await manager.next(has("READY"));
    expect(await other.process.stop()).toBe(0);
    expect(manager.all().slice(before).some(has("WATCHDOG"))).toBe(false);
  });

  test("a server with NOTIFY_SOCKET is not ready before it has the data directory and its address", async () => {
    using dir = temporaryDirectory();
    const NOTIFY_SOCKET = dir.file("notify.sock");
    using manager = listenForNotices(NOTIFY_SOCKET);
    await using running = await install();
    const port = new URL(running.url).port;
    for (const [args, problem] of [
      [[`--data-dir=${dir.file("data")}`, `--port=${port}`], `Port ${port} of 127.0.0.1 is already in use.`],
      [[`--data-dir=${running.dataDir}`, "--port=0"], "data directory"],
    ] as const) {
      const { code } = await run(executable(), ["serve", ...args], { env: { NOTIFY_SOCKET } });
      expect(code).toBe(1);
      const last = await manager.next(({ STATUS }) => STATUS !== "Starting.");
      expect(last.STATUS).toContain(problem);
    }
    expect(manager.all().some(has("READY"))).toBe(false);
  });

  test("a server with NOTIFY_SOCKET starts although nobody listens, or the socket is of an unknown kind", async () => {
    for (const NOTIFY_SOCKET of ["/nobody/listens/here.sock", "vsock:2:1234"]) {
      await using boathook = await install([], { env: { NOTIFY_SOCKET } });
      const warning = await boathook.process.logged(({ msg }) => msg.includes("NOTIFY_SOCKET"));
      expect(warning.level).toBe("warn");
      expect((await boathook.send("GET", "/health")).status).toBe(200);
      expect(await boathook.process.stop()).toBe(0);
    }
  });

  test("a server with NOTIFY_SOCKET is restarted by the watchdog's signal without loss of the lock on its data", async () => {
    await using boathook = await install();
    boathook.process.kill("SIGABRT");
    expect(await boathook.process.exited).not.toBe(0);
    await boathook.start();
    expect((await boathook.send("GET", "/health")).status).toBe(200);
  });
});

describe("signals that stop the server", () => {
  /** Starts a server that waits for a slow delivery after the first signal. */
  async function stopping(signal: NodeJS.Signals) {
    const boathook = await install();
    const hanging = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch: () => new Promise<Response>(() => {}),
    });
    const app = (await boathook.send("POST", "/app", { name: "slow", uid: "slow" })).json.uid;
    await boathook.send("POST", `/app/${app}/endpoint`, { url: `http://127.0.0.1:${hanging.port}/` });
    await boathook.send("POST", `/app/${app}/msg`, { eventType: "demo.slow", payload: {} });
    await until(
      async () => hanging.pendingRequests,
      (pending) => pending === 1,
    );
    boathook.process.kill(signal);
    await boathook.process.logged(({ msg }) => msg.startsWith("Stopping."));
    return {
      boathook,
      async [Symbol.asyncDispose]() {
        await boathook[Symbol.asyncDispose]();
        await hanging.stop(true);
      },
    };
  }

  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    test.skipIf(!isLinux)(`a second ${signal} stops it at once with exit code ${code}`, async () => {
      await using server = await stopping(signal);
      server.boathook.process.kill(signal);
      expect(await server.boathook.process.exited).toBe(code);
    });
  }
});

describe("boathook service", () => {
  test("boathook service prints a unit without reading a data directory", async () => {
    using dir = temporaryDirectory();
    const { code, stdout, stderr } = await run(executable(), ["service"], { cwd: dir.path });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("\nType=notify\n");
    expect(stdout).toContain(`\nExecStart=${EXECUTABLE} serve\n`);
    expect(await Array.fromAsync(new Bun.Glob("*").scan({ cwd: dir.path }))).toEqual([]);
  });

  test("boathook service takes the executable and the user, and refuses other values", async () => {
    const service = (...args: string[]) => run(executable(), ["service", ...args]);
    const { stdout } = await service("--executable", "/opt/50% off/$boathook", "--user", "hooks");
    expect(stdout).toContain('\nExecStart="/opt/50%% off/$$boathook" serve\n');
    expect(stdout).toContain("\nUser=hooks\n");
    for (const args of [
      ["--executable", "boathook"],
      ["--user", "a b"],
      ["--user", "x\nExecStart=/bin/sh"],
      ["--executable", "/a\nUser=root"],
    ]) {
      const refused = await service(...args);
      expect({ args, code: refused.code, stdout: refused.stdout }).toEqual({ args, code: 2, stdout: "" });
    }
  });

  test.skipIf(which("systemd-analyze") === null)(
    "boathook service prints a unit that systemd accepts without a warning",
    async () => {
      using dir = temporaryDirectory();
      mkdirSync(dir.file("units"));
      const unit = dir.file("units/boathook.service");
      const { stdout } = await run(executable(), ["service", "--user", "root"]);
      writeFileSync(unit, stdout);
      const verify = Bun.spawnSync(["systemd-analyze", "verify", "--man=no", unit], {
        env: await programEnvironment(),
      });
      const output = verify.stdout.toString() + verify.stderr.toString();
      expect({ code: verify.exitCode, own: output.split("\n").filter((line) => line.includes("boathook")) }).toEqual({
        code: 0,
        own: [],
      });
    },
  );
});
