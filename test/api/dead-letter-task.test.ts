import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint, sendMessages, until } from "../support/delivery.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const FAILING = "http://127.0.0.1:1";

/** Creates an application with an endpoint that fails. */
async function makeFailing(): Promise<{ app: string; appId: string; endpoint: string }> {
  const app = await makeApplication(send);
  const endpoint = await makeEndpoint(send, app, FAILING);
  return { app, appId: (await send("GET", `/app/${app}`)).json.id, endpoint };
}

async function sendDead(app: string, count: number, total = count): Promise<void> {
  await sendMessages(send, app, count);
  await until(
    () => deadOf(app),
    (dead) => dead === total,
  );
}

async function deadOf(app: string): Promise<number> {
  return (await send("GET", `/dead-letter/summary?app_id=${app}`)).json.total;
}

async function ended(task: string) {
  return until(
    async () => (await send("GET", `/background-task/${task}`)).json,
    ({ status }) => status !== "running",
  );
}

describe("a drop in the background", () => {
  test("a drop removes what its dry run counted, and keeps dead letters that came afterwards", async () => {
    const { app, appId } = await makeFailing();
    await sendDead(app, 12);
    // The dry run counts what died before the present millisecond.
    const last = (await send("GET", `/dead-letter?app_id=${app}`)).json.data.map(({ deadAt }: { deadAt: string }) =>
      Date.parse(deadAt),
    );
    await until(
      async () => Date.now(),
      (now) => now > Math.max(...last),
    );
    const preview = (await send("POST", "/dead-letter/drop", { filter: { appId: app }, dryRun: true })).json;
    expect(preview).toMatchObject({ count: 12, groups: [{ appId, count: 12 }] });
    await sendDead(app, 3, 15);
    const { status, json } = await send("POST", "/dead-letter/drop", {
      filter: { appId: app, before: preview.before },
    });
    expect(status).toBe(202);
    expect(await ended(json.id)).toMatchObject({
      status: "finished",
      task: "dead-letter.drop",
      appId,
      done: 12,
      total: 12,
      data: { dropped: 12, filter: { appId, before: preview.before } },
    });
    expect(await deadOf(app)).toBe(3);
  });

  test("a dry run drops nothing and is not a task", async () => {
    const { app } = await makeFailing();
    await sendDead(app, 2);
    const before = (await send("GET", "/background-task?task=dead-letter.drop")).json.data.length;
    expect((await send("POST", "/dead-letter/drop", { filter: { appId: app }, dryRun: true })).status).toBe(200);
    expect((await send("GET", "/background-task?task=dead-letter.drop")).json.data.length).toBe(before);
    expect(await deadOf(app)).toBe(2);
  });

  test("a dry run says before which instant it has counted: the filter's if it is earlier, otherwise now", async () => {
    const before = "2026-01-02T03:04:05.000Z";
    const askedFor = async (filter: object, path: string) =>
      (await send("POST", `/dead-letter/${path}`, { filter, dryRun: true })).json.before;
    for (const path of ["drop", "redrive"]) {
      expect(await askedFor({ before }, path)).toBe(before);
      const from = Date.now();
      const now = Date.parse(await askedFor({ before: "2999-01-01T00:00:00Z" }, path));
      expect(now).toBeGreaterThanOrEqual(from);
      expect(now).toBeLessThanOrEqual(Date.now());
    }
  });

  test("a drop without a filter, with an unknown key or with a wrong value is refused", async () => {
    const statusOf = async (body: unknown) => (await send("POST", "/dead-letter/drop", body)).status;
    for (const filter of [
      {},
      { all: false },
      { all: true, reason: "timeout" },
      { reason: "?" },
      { appId: "" },
      { x: 1 },
    ]) {
      expect([filter, await statusOf({ filter })]).toEqual([filter, 422]);
    }
    for (const body of [{}, { filter: null }, { filter: [] }, { filter: { all: true }, rate: 5 }]) {
      expect([body, await statusOf(body)]).toEqual([body, 422]);
    }
    expect(await statusOf({ filter: { appId: "nobody" } })).toBe(404);
  });
});

describe("what a background task says about itself", () => {
  test("a redrive has its application, endpoint, filter, progress, times and who started it", async () => {
    const { app, appId, endpoint } = await makeFailing();
    await sendDead(app, 30);
    const filter = { appId: app, endpointId: endpoint };
    const started = (await send("POST", "/dead-letter/redrive", { filter, rate: 1 })).json;
    const path = `/background-task/${started.id}`;
    const running = await until(
      async () => (await send("GET", path)).json,
      ({ total, done }) => total !== null && done > 0,
    );
    const startedBy = expect.objectContaining({ type: expect.any(String) });
    expect(running).toMatchObject({
      appId,
      endpointId: endpoint,
      total: 30,
      cancellable: true,
      endedAt: null,
      startedBy,
    });
    expect(running).toMatchObject({ url: expect.stringContaining(FAILING), appName: expect.any(String) });
    expect(running.data).toMatchObject({ rate: 1, filter: { appId, endpointId: endpoint } });
    expect(running.createdAt <= running.updatedAt).toBe(true);
    expect((await send("GET", "/background-task?status=running")).json.data).toContainEqual(
      expect.objectContaining({ id: started.id }),
    );
    expect((await send("DELETE", path)).status).toBe(204);
    const after = (await send("GET", path)).json;
    expect(after).toMatchObject({
      status: "failed",
      cancellable: false,
      total: 30,
      endedAt: after.updatedAt,
      startedBy,
    });
  });

  test("the status `ended` lists finished and cancelled tasks, but not running ones", async () => {
    const { app } = await makeFailing();
    await sendDead(app, 20);
    const redrive = async (rate: number) =>
      (await send("POST", "/dead-letter/redrive", { filter: { appId: app }, rate })).json.id;
    const [cancelled, running] = [await redrive(1), await redrive(1)];
    await send("DELETE", `/background-task/${cancelled}`);
    const drop = (await send("POST", "/dead-letter/drop", { filter: { appId: app } })).json.id;
    await ended(drop);
    const ids = (await send("GET", "/background-task?status=ended")).json.data.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(expect.arrayContaining([cancelled, drop]));
    expect(ids).not.toContain(running);
    await send("DELETE", `/background-task/${running}`);
  });
});

test("the summary says how many groups there are, and contains the largest up to its limit", async () => {
  const { app } = await makeFailing();
  await sendMessages(send, app, 2, { eventType: "one.type" });
  await sendMessages(send, app, 1, { eventType: "other.type" });
  await until(
    () => deadOf(app),
    (dead) => dead === 3,
  );
  const { json } = await send("GET", `/dead-letter/summary?app_id=${app}`);
  expect(json).toMatchObject({ total: 3, groupsTotal: 2, groups: [{ count: 2 }, { count: 1 }] });

  const limited = await send("GET", `/dead-letter/summary?app_id=${app}&limit=1`);
  expect(limited.json).toEqual({ total: 3, groupsTotal: 2, groups: [json.groups[0]] });
  for (const limit of ["0", "1001", "-1"]) {
    const refused = await send("GET", `/dead-letter/summary?limit=${limit}`);
    expect([limit, refused.status]).toEqual([limit, 422]);
  }
});
