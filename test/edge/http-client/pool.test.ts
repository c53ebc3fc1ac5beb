import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { Connection, type ConnectionUser } from "../../../src/edge/http-client/connection.ts";
import { idleSweepsMax, Pool } from "../../../src/edge/http-client/pool.ts";
import type { ConnectionTarget } from "../../../src/edge/http-client/target.ts";
import { until } from "../../support/delivery.ts";

let server: Server;
let port: number;
/** The sockets of the peers, in the order in which the connections were opened. */
let peers: Socket[];
beforeAll(async () => {
  peers = [];
  server = createServer((peer) => {
    peers.push(peer.resume().on("error", () => {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as { port: number }).port;
});
afterAll(() => {
  for (const peer of peers) peer.destroy();
  server.close();
});

function target(key: string): ConnectionTarget {
  return { address: "127.0.0.1", port, tls: null, proxy: null, key };
}

/** Opens a connection and returns both ends of it. */
async function open(key: string): Promise<{ connection: Connection; peer: Socket }> {
  const before = peers.length;
  const connection = await new Promise<Connection>((resolve, reject) => {
    const user: ConnectionUser = { opened: resolve, received: () => {}, ended: reject };
    new Connection(target(key), user);
  });
  await until(
    () => Promise.resolve(peers.length),
    (count) => count > before,
  );
  return { connection, peer: peers.at(-1)! };
}

function closed(peer: Socket): Promise<void> {
  return new Promise((resolve) => peer.once("close", () => resolve()));
}

describe("the pool", () => {
  test("the pool does not lend a connection again until it has been returned", async () => {
    const pool = new Pool();
    const taken = (key: string) => pool.take(target(key)) !== null;
    expect(taken("a")).toBe(false);
    pool.give((await open("a")).connection);
    pool.give((await open("a")).connection);
    expect([taken("a"), taken("b"), taken("a"), taken("a")]).toEqual([true, false, true, false]);
  });

  test("the pool lends the most recently returned connection first", async () => {
    const pool = new Pool();
    const [first, second] = [await open("a"), await open("a")];
    pool.give(first.connection);
    pool.give(second.connection);
    expect(pool.take(target("a"))).toBe(second.connection);
    expect(pool.take(target("a"))).toBe(first.connection);
  });

  test("when the pool holds too many connections, it closes one to the least recently used target", async () => {
    const pool = new Pool(3);
    const opened = [await open("0"), await open("1"), await open("2"), await open("3")];
    const oldestClosed = closed(opened[0]!.peer);
    for (const { connection } of opened) pool.give(connection);
    await oldestClosed;
    expect(["0", "1", "2", "3"].map((key) => pool.take(target(key)) !== null)).toEqual([false, true, true, true]);
  });

  test("when the pool holds too many connections to one target, it closes the oldest of them", async () => {
    const pool = new Pool(2);
    const opened = [await open("a"), await open("a"), await open("a")];
    const oldestClosed = closed(opened[0]!.peer);
    for (const { connection } of opened) pool.give(connection);
    await oldestClosed;
    expect([pool.take(target("a")), pool.take(target("a")), pool.take(target("a"))]).toEqual([
      opened[2]!.connection,
      opened[1]!.connection,
      null,
    ]);
  });

  test("the pool closes connections that were idle for too long and keeps recently used ones", async () => {
    const pool = new Pool();
    const [used, unused] = [await open("used"), await open("unused")];
    const unusedClosed = closed(unused.peer);
    pool.give(used.connection);
    pool.give(unused.connection);
    for (let i = 0; i < idleSweepsMax - 1; i++) pool.sweep();
    pool.give(pool.take(target("used"))!);
    expect(pool.size).toBe(2);
    pool.sweep();
    await unusedClosed;
    expect(pool.size).toBe(1);
    expect(pool.take(target("used"))).toBe(used.connection);
  });

  const endings: Record<string, (peer: Socket) => void> = {
    closes: (peer) => void peer.end(),
    resets: (peer) => void peer.resetAndDestroy(),
    "sends bytes over": (peer) => void peer.write("HTTP/1.1 408 Request Timeout\r\n\r\n"),
  };
  for (const [how, end] of Object.entries(endings)) {
    test(`the pool drops a connection that the peer ${how}`, async () => {
      const pool = new Pool();
      const [kept, dropped] = [await open("a"), await open("b")];
      const droppedClosed = closed(dropped.peer);
      pool.give(kept.connection);
      pool.give(dropped.connection);
      end(dropped.peer);
      await droppedClosed;
      await until(
        () => Promise.resolve(pool.size),
        (size) => size === 1,
      );
      expect(pool.take(target("a"))).toBe(kept.connection);
    });
  }

  test("closing the pool closes all its connections", async () => {
    const pool = new Pool();
    const opened = [await open("a"), await open("a"), await open("b")];
    const allClosed = Promise.all(opened.map(({ peer }) => closed(peer)));
    for (const { connection } of opened) pool.give(connection);
    pool.close();
    await allClosed;
    expect(pool.size).toBe(0);
  });
});
