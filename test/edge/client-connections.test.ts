import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { AcceptedSockets } from "../../src/edge/accepted-sockets.ts";
import { ClientConnections } from "../../src/edge/client-connections.ts";
import { systemClock } from "../../src/edge/clock.ts";
import { withKeptDescriptor } from "../../src/edge/kept-descriptors.ts";
import { openFilesMax } from "../../src/edge/open-files.ts";
import { systemCalls } from "../../src/edge/system-calls.ts";

const CONNECTIONS_MAX = 20;
const DEADLINE_MS = 10_000;

async function until(what: () => unknown, isMet: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!isMet()) {
    if (Date.now() > deadline) throw new Error(`Not met in time: ${JSON.stringify(what())}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

interface Crowd {
  /** Whether the clients have their response, instead of waiting for it. Default: false. */
  readonly isIdle?: boolean;
  /** Whether a low descriptor is free although the connections are open. Default: true. */
  readonly hasLowFree?: boolean;
  readonly connectionsMax?: number;
}

/** Starts a server with clients. `stop` closes everything. */
async function crowdedServer(
  clientCount: number,
  { isIdle = false, hasLowFree = true, connectionsMax = CONNECTIONS_MAX }: Crowd = {},
) {
  const closedLater = openSync("/dev/null", "r");
  const answer = () => (isIdle ? new Response() : new Promise<Response>(() => {}));
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
  const responses = new Map<Bun.Socket, string>();
  const open = new Set<Bun.Socket>();
  for (let i = 0; i < clientCount; i++) {
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: server.port!,
      socket: {
        data: (from, bytes) => void responses.set(from, (responses.get(from) ?? "") + bytes.toString("latin1")),
        close: (from) => void open.delete(from),
        error() {},
      },
    });
    open.add(socket);
    socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  }
  const answered = () => (isIdle ? responses.size : server.pendingRequests);
  await until(answered, () => answered() === clientCount);
  if (hasLowFree) closeSync(closedLater);
  const reported: boolean[] = [];
  const delaysMs: number[] = [];
  const after = (delayMs: number, task: () => void) => {
    delaysMs.push(delayMs);
    return systemClock.after(delayMs, task);
  };
  const connections = new ClientConnections(
    { ...systemClock, after },
    { filesMax: openFilesMax(), connectionsMax },
    { entries: () => [server.port!], closeIdle: () => void server.closeIdleConnections() },
    (isOver) => void reported.push(isOver),
  );
  await connections.start();
  return {
    port: server.port!,
    open,
    responses,
    reported,
    /** The delays after which the connections were or will be checked. */
    delaysMs,
    /** Resolves when the connections have been checked this often. */
    checked: (times: number) =>
      until(
        () => delaysMs,
        () => delaysMs.length > times,
      ),
    async stop() {
      await connections.stop();
      for (const socket of open) socket.terminate();
      await server.stop(true);
      if (!hasLowFree) closeSync(closedLater);
    },
  };
}

test.if(process.platform === "linux")(
  "connections beyond the limit get 503 and are closed, and afterwards the limit of open files is as before",
  async () => {
    const filesMax = openFilesMax()!;
    const { open, responses, reported, stop } = await crowdedServer(60);
    try {
      await until(
        () => open.size,
        () => open.size <= CONNECTIONS_MAX,
      );
      expect(open.size).toBe(CONNECTIONS_MAX);
      expect(responses.size).toBe(60 - CONNECTIONS_MAX);
      for (const text of responses.values()) expect(text).toStartWith("HTTP/1.1 503 Service Unavailable\r\n");
      expect(reported).toEqual([true]);
    } finally {
      await stop();
    }
    expect(openFilesMax()).toBe(filesMax);
  },
);

test.if(process.platform === "linux")("connections up to the limit are not closed", async () => {
  const { open, responses, reported, checked, stop } = await crowdedServer(CONNECTIONS_MAX);
  try {
    await checked(3);
    expect([open.size, responses.size, reported]).toEqual([CONNECTIONS_MAX, 0, []]);
  } finally {
    await stop();
  }
});

test.if(process.platform === "linux")(
  "the limit of open files is as before once nearly all connections were idle and are closed",
  async () => {
    const filesMax = openFilesMax()!;
    const { open, reported, checked, stop } = await crowdedServer(60, { isIdle: true, hasLowFree: false });
    try {
      await checked(1);
      await until(
        () => [open.size, openFilesMax()],
        () => open.size === 0 && openFilesMax() === filesMax,
      );
      expect(reported).toEqual([]);
    } finally {
      await stop();
    }
  },
);

test.if(process.platform === "linux")(
  "after clients have used up even the connections beyond the limit, the next check is sooner, also if all were idle",
  async () => {
    for (const [clientCount, isIdle, nextMs] of [
      [60, false, 25],
      [60, true, 25],
      [CONNECTIONS_MAX + 1, false, 100],
    ] as const) {
      const { delaysMs, checked, stop } = await crowdedServer(clientCount, { isIdle, hasLowFree: false });
      try {
        await checked(1);
        expect(delaysMs.slice(0, 2)).toEqual([100, nextMs]);
      } finally {
        await stop();
      }
    }
  },
);

test.if(process.platform === "linux")("while few descriptors are in use, they are checked less often", async () => {
  const { delaysMs, checked, stop } = await crowdedServer(2, { connectionsMax: 100_000 });
  try {
    await checked(2);
    expect(delaysMs.slice(0, 3)).toEqual([100, 100, 400]);
  } finally {
    await stop();
  }
});

/**
 * Connects and sends a byte, without a turn of the event loop in which the connection could be accepted. Returns the
 * descriptor. Listeners of the runtime get connections only with their first bytes.
 */
function connectAtOnce(port: number): number {
  const { socket, connect, send } = systemCalls()!;
  const address = new Uint8Array(16);
  const view = new DataView(address.buffer);
  view.setUint16(0, 2, true);
  view.setUint16(2, port, false);
  view.setUint32(4, 0x7f000001, false);
  const descriptor = withKeptDescriptor(() => socket(2, 1, 0));
  expect(connect(descriptor, address, address.length)).toBe(0);
  expect(Number(send(descriptor, new Uint8Array(1), 1, 0))).toBe(1);
  return descriptor;
}

test.if(process.platform === "linux")(
  "if clients of one port use up the connections while others wait at another port, those that wait at the first are refused",
  async () => {
    const crowded = await crowdedServer(60, { hasLowFree: false });
    using other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const entries = [crowded.port, other.port];
    let check = () => {};
    const connections = new ClientConnections(
      {
        ...systemClock,
        after: (_, task) => {
          check = task;
          return () => {};
        },
      },
      { filesMax: openFilesMax(), connectionsMax: CONNECTIONS_MAX },
      { entries: () => entries, closeIdle() {} },
      () => {},
    );
    const waiting = () =>
      entries.map(
        (port) =>
          AcceptedSockets.open()!
            .read(entries)
            .listening.find(({ entry }) => entry === port)!.waiting,
      );
    await connections.start();
    const clients = [crowded.port, crowded.port].map(connectAtOnce);
    try {
      check();
      expect(waiting()).toEqual([2, 0]);
      clients.push(connectAtOnce(other.port));
      expect(waiting()).toEqual([2, 1]);
      check();
      expect(waiting()).toEqual([0, 1]);
    } finally {
      for (const client of clients) systemCalls()!.close(client);
      await connections.stop();
      await crowded.stop();
    }
  },
);
