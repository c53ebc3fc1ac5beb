import { expect, test } from "bun:test";
import { makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint, sendMessages, until } from "../support/delivery.ts";
import { CrashProxies, type Fault, moveApp, type TwoServers, twoServers } from "../support/move.ts";
import type { Receiver } from "../support/receiver.ts";

/** The move of a small application takes fewer requests. */
const REQUESTS_MAX = 60;
const WAITING = 12;
/** One of so many requests is tried in a run. The simulation of moves crashes at all of them. */
const STEP = 6;
/**
 * Chooses the requests at which a server is killed. `all` chooses all of them; a number, which is by default
 * that of the day, every sixth from one of the first six on.
 */
const CHOICE = process.env.MOVE_CRASHES ?? String(Math.floor(Date.now() / 86_400_000));

/** Returns the numbers of the requests at which a server is killed. */
function* chosenRequests(): Generator<number> {
  const isAll = CHOICE === "all";
  const step = isAll ? 1 : STEP;
  for (let at = isAll ? 1 : 1 + (Number(CHOICE) % STEP); ; at += step) yield at;
}

/** Sends messages until it is stopped, to the server that has the application. Returns the ids of accepted ones. */
async function sendUntil(isOver: () => boolean, app: string, from: Send, to: Send): Promise<string[]> {
  const accepted: string[] = [];
  let send = from;
  while (!isOver()) {
    try {
      const { status, json } = await send("POST", `/app/${app}/msg`, { eventType: "a", payload: {} });
      if (status === 202) accepted.push(json.id);
      else if (status === 421) send = to;
    } catch {
      // The server is dead.
    }
    await Bun.sleep(2);
  }
  return accepted;
}

interface Places {
  readonly servers: TwoServers;
  readonly proxies: CrashProxies;
  readonly from: string;
  readonly to: string;
}

/**
 * Moves an application while messages come. Kills a server, starts it again, and repeats the move.
 * Returns whether a server was killed.
 */
async function moveWith(fault: Fault, { servers, proxies, from, to }: Places): Promise<boolean> {
  const { a, b, receiver } = servers;
  const app = await makeApplication(a.send);
  await makeEndpoint(a.send, app, `${receiver.url}/active`);
  const paused = await makeEndpoint(a.send, app, `${receiver.url}/paused`, { ordering: "fifo", paused: true });
  const waiting = await sendMessages(a.send, app, WAITING);
  let isOver = false;
  proxies.arm(fault);
  const sending = sendUntil(() => isOver, app, a.send, b.send);
  const first = await moveApp(app, from, to, {}, "--with-history");
  const { killed } = proxies;
  proxies.arm(null);
  expect(first.code, `${first.stdout}${first.stderr}`).toBe(killed === null ? 0 : 1);
  await killed?.start();
  const last = killed === null ? first : await moveApp(app, from, to, {}, "--with-history");
  expect(last.code, last.stderr).toBe(0);
  isOver = true;
  const accepted = [...waiting, ...(await sending)];

  expect((await a.send("GET", `/app/${app}`)).status).toBe(421);
  expect((await b.send("PATCH", `/app/${app}/endpoint/${paused}`, { paused: false })).status).toBe(200);
  expect(await receivedOf(receiver, "/paused", accepted)).toEqual(accepted);
  expect(new Set(await receivedOf(receiver, "/active", accepted))).toEqual(new Set(accepted));
  // A message may have been stored although the server died before its response.
  const stored = await messagesOf(b.send, app);
  expect(accepted.filter((id) => !stored.has(id))).toEqual([]);
  return killed !== null;
}

/** Returns the ids of all messages of an application. */
async function messagesOf(send: Send, app: string): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let iterator: string | null = null; ; ) {
    const query: string = iterator === null ? "" : `&iterator=${encodeURIComponent(iterator)}`;
    const { json } = await send("GET", `/app/${app}/msg?limit=250${query}`);
    for (const { id } of json.data) ids.add(id);
    if (json.done) return ids;
    iterator = json.iterator;
  }
}

/** Waits until all messages have arrived at a path. Returns their ids in the order of arrival. */
async function receivedOf(receiver: Receiver, path: string, ids: readonly string[]): Promise<string[]> {
  const wanted = new Set(ids);
  return until(
    async () => receiver.received.filter((one) => one.path === path && wanted.has(one.id)).map(({ id }) => id),
    (found) => new Set(found).size === wanted.size,
  );
}

for (const when of ["before", "after"] as const) {
  test(`no message is lost or reordered if a server is killed ${when} a request of a move`, async () => {
    await using servers = await twoServers();
    await using proxies = new CrashProxies();
    const places = { servers, proxies, from: proxies.before(servers.a), to: proxies.before(servers.b) };
    const killed: number[] = [];
    for (const at of chosenRequests()) {
      expect(at).toBeLessThan(REQUESTS_MAX);
      const isHit = await moveWith({ at, when }, places).catch((error) => {
        throw new Error(`Killed ${when} request ${at}: ${error.message}`, { cause: error });
      });
      if (!isHit) break;
      killed.push(at);
    }
    expect(killed.length).toBeGreaterThan(0);
    console.log(`MOVE_CRASHES=${CHOICE}: killed ${when} the requests ${killed.join(", ")}`);
  }, 300_000);
}

test("if the command is killed while it holds an application, the application goes on at its server", async () => {
  await using servers = await twoServers();
  const { a, b, receiver } = servers;
  const app = await makeApplication(a.send);
  await makeEndpoint(a.send, app, receiver.url);
  const { json: state } = await a.send("GET", `/app/${app}/move`);
  const { json: hold } = await a.send("POST", `/app/${app}/move/hold`, { closed: true });
  expect((await a.send("POST", `/app/${app}/msg`, { eventType: "a", payload: {} })).status).toBe(503);
  expect((await moveApp(app, a.url, b.url)).stderr).toContain("Another move of this application is under way.");

  await until(
    () => a.send("POST", `/app/${app}/msg`, { eventType: "a", payload: {} }),
    ({ status }) => status === 202,
  );
  await receiver.arrived(1);
  const late = await a.send("POST", `/app/${app}/move/depart`, { hold: hold.hold, url: b.url });
  expect({ status: late.status, code: late.json.code }).toEqual({ status: 409, code: "move_hold_ended" });
  expect((await moveApp(app, a.url, b.url)).code).toBe(0);
  expect((await b.send("GET", `/app/${app}`)).json.id).toBe(state.appId);
});
