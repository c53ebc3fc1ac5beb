import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { connectionsFull, type SharedConnection, SharedConnections } from "../../src/edge/connection-sharing.ts";

const never = new AbortController().signal;

class FakeConnection implements SharedConnection {
  isOpen = true;
  closed = 0;

  close(): void {
    this.isOpen = false;
    this.closed++;
  }
}

let now: number;
let connections: SharedConnections<FakeConnection>;
let opened: FakeConnection[];

const limits = { connectionsMax: 2, idleMs: 1_000, openMs: 1_000, pauseMsMin: 100, pauseMsMax: 300, now: () => now };

beforeEach(async () => {
  now = 0;
  opened = [];
  connections = new SharedConnections(limits);
  await connections.start();
});
afterEach(() => connections.stop());

async function open(): Promise<FakeConnection> {
  const connection = new FakeConnection();
  opened.push(connection);
  return connection;
}

const used = (key: string, opening: (signal: AbortSignal) => Promise<FakeConnection> = open) =>
  connections.use(key, opening, never, async (connection) => opened.indexOf(connection));

describe("shared connections", () => {
  test("deliveries with the same key share a connection, also while it is being opened", async () => {
    expect(await Promise.all([used("a"), used("a"), used("b")])).toEqual([0, 0, 1]);
    expect(await used("a")).toBe(0);
  });

  test("a shared connection that was lost is replaced", async () => {
    await used("a");
    opened[0]!.isOpen = false;
    expect(await used("a")).toBe(1);
    expect(connections.size).toBe(1);
  });

  test("a shared connection that nobody has used for a while is closed, and one in use is not", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const busy = connections.use("a", open, never, () => promise);
    await used("b");
    now = 999;
    connections.sweep();
    expect(opened.map(({ closed }) => closed)).toEqual([0, 0]);
    now = 1_000;
    connections.sweep();
    expect(opened.map(({ closed }) => closed)).toEqual([0, 1]);
    resolve();
    await busy;
    connections.sweep();
    expect(opened.map(({ closed }) => closed)).toEqual([0, 1]);
  });

  test("at the limit of shared connections, the longest idle one is closed, and without one nothing is sent", async () => {
    await used("a");
    now = 1;
    await used("b");
    expect(await used("c")).toBe(2);
    expect(opened.map(({ closed }) => closed)).toEqual([1, 0, 0]);
    const { promise, resolve } = Promise.withResolvers<void>();
    const busy = ["b", "c"].map((key) => connections.use(key, open, never, () => promise));
    expect(await used("d")).toEqual(connectionsFull);
    resolve();
    await Promise.all(busy);
  });

  test("after a failure to connect, nobody tries again until a pause is over, which doubles up to a maximum", async () => {
    let tries = 0;
    const failing = async () => {
      tries++;
      throw new Error(`failure ${tries}`);
    };
    let failures = 0;
    for (const pauseMs of [100, 200, 300, 300]) {
      failures++;
      await expect(used("a", failing)).rejects.toThrow(`failure ${failures}`);
      now += pauseMs - 1;
      await expect(used("a", failing)).rejects.toThrow(`failure ${failures}`);
      expect(tries).toBe(failures);
      now += 1;
    }
    expect(await used("a")).toBe(0);
    opened[0]!.isOpen = false;
    await expect(used("a", failing)).rejects.toThrow("failure 5");
    now += 100;
    expect(await used("a")).toBe(1);
  });

  test("a delivery that is aborted while its shared connection is being opened does not wait for it", async () => {
    const { promise, resolve } = Promise.withResolvers<FakeConnection>();
    const controller = new AbortController();
    const aborted = connections.use(
      "a",
      () => promise,
      controller.signal,
      async () => "used",
    );
    const other = used("a", () => promise);
    controller.abort(new Error("too late"));
    await expect(aborted).rejects.toThrow("too late");
    resolve(await open());
    expect(await other).toBe(0);
  });

  test("opening a shared connection is aborted when it takes too long or the server stops", async () => {
    const reasons: string[] = [];
    const hanging = (signal: AbortSignal) =>
      new Promise<FakeConnection>((_, reject) => {
        signal.addEventListener("abort", () => {
          reasons.push(String((signal.reason as Error).name));
          reject(signal.reason);
        });
      });
    const impatient = new SharedConnections<FakeConnection>({ ...limits, openMs: 10 });
    await impatient.start();
    await expect(impatient.use("a", hanging, never, async () => {})).rejects.toThrow();
    expect(reasons).toEqual(["TimeoutError"]);
    await impatient.stop();
    const waiting = used("a", hanging);
    const refused = waiting.catch((error: Error) => error.message);
    await connections.stop();
    expect(await refused).toContain("stopping");
  });

  test("a stop closes all shared connections, also those that open afterwards, and refuses new ones", async () => {
    const { promise, resolve } = Promise.withResolvers<FakeConnection>();
    await used("a");
    const late = used("b", () => promise);
    await connections.stop();
    expect(opened[0]!.closed).toBe(1);
    const connection = await open();
    resolve(connection);
    await late;
    expect(connection.closed).toBe(1);
    await expect(used("c")).rejects.toThrow("stopping");
  });
});
