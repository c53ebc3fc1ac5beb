import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint, sendMessage, sendMessages, until } from "../support/delivery.ts";
import { startReceiver, withStatus } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

/**
 * Starts a redrive in the token's environment, which has no dead letters, and returns the task's
 * id.
 */
async function makeTask(token: string): Promise<string> {
  const { status, json } = await send("POST", "/dead-letter/redrive", { filter: { all: true }, rate: 1000 }, { token });
  expect(status).toBe(202);
  return json.id;
}

/** Purges a new application's contents and returns the task's id. */
async function purge(token: string): Promise<string> {
  const uid = freshUid("app");
  await send("POST", "/app", { name: uid, uid }, { token });
  return (await send("POST", `/app/${uid}/msg/expunge-all-contents`, undefined, { token })).json.id;
}

const idsOf = async (token: string, query = "") =>
  (await send("GET", `/background-task${query}`, undefined, { token })).json.data.map(({ id }: { id: string }) => id);

describe("the list of background tasks", () => {
  test("background tasks of an environment are listed in pages, newest first by default", async () => {
    const token = await server.createToken("--environment", freshUid("environment"));
    expect(await idsOf(token)).toEqual([]);
    const made = [await makeTask(token), await makeTask(token), await makeTask(token)];
    expect(await idsOf(token)).toEqual(made.toReversed());
    expect(await idsOf(token, "?order=ascending")).toEqual(made);
    const { json } = await send("GET", "/background-task?limit=2", undefined, { token });
    expect(json).toMatchObject({ iterator: made[1]!, prevIterator: `-${made[2]}`, done: false });
    expect(await idsOf(token, `?iterator=${made[1]}`)).toEqual([made[0]!]);
    expect(await idsOf(token, `?iterator=-${made[1]}`)).toEqual([made[2]!]);
  });

  test("background tasks can be filtered by status and kind of task", async () => {
    const token = await server.createToken("--environment", freshUid("environment"));
    const [redrive, purged] = [await makeTask(token), await purge(token)];
    for (const id of [redrive, purged]) {
      await until(
        async () => (await send("GET", `/background-task/${id}`, undefined, { token })).json.status,
        (status) => status === "finished",
      );
    }
    expect(await idsOf(token, "?task=dead-letter.redrive")).toEqual([redrive]);
    expect(await idsOf(token, "?task=application.purge_content")).toEqual([purged]);
    expect(await idsOf(token, "?task=endpoint.recover")).toEqual([]);
    expect(await idsOf(token, "?status=finished")).toEqual([purged, redrive]);
    expect(await idsOf(token, "?status=running")).toEqual([]);
    expect(await idsOf(token, "?status=failed")).toEqual([]);
  });

  test("listing background tasks with an invalid parameter returns 400 or 422", async () => {
    const status = async (query: string) => (await send("GET", `/background-task${query}`)).status;
    expect(await status("?status=nonsense")).toBe(400);
    expect(await status("?order=sideways")).toBe(400);
    expect(await status("?limit=abc")).toBe(400);
    expect(await status("?limit=0")).toBe(422);
    expect(await status("?limit=251")).toBe(422);
    expect(await status("?iterator=qtask_nope")).toBe(422);
    expect(await status("?whatever=1")).toBe(200);
  });
});

describe("access to background tasks", () => {
  test("reading a background task returns 404 in another environment and 403 to an application token", async () => {
    const uid = await makeApplication(send);
    const { json } = await send("POST", `/app/${uid}/msg/expunge-all-contents`);
    const elsewhere = await server.createToken("--environment", freshUid("environment"));
    const application = await server.createToken("--app", uid);
    expect((await send("GET", `/background-task/${json.id}`)).status).toBe(200);
    expect((await send("GET", `/background-task/${json.id}`, undefined, { token: elsewhere })).status).toBe(404);
    expect((await send("GET", `/background-task/${json.id}`, undefined, { token: application })).status).toBe(403);
    expect((await send("GET", "/background-task", undefined, { token: application })).status).toBe(403);
    expect(await idsOf(elsewhere)).toEqual([]);
    for (const id of ["nope", uid, "qtask_17MeGibBYAlEAyJrb2g70ismFAs"]) {
      expect((await send("GET", `/background-task/${id}`)).status).toBe(404);
    }
  });
});

describe("POST /admin/redrive-dlq", () => {
  test("redrive-dlq redrives all dead letters of the caller's environment and none of another environment", async () => {
    await using receiver = startReceiver(withStatus(500));
    const environment = freshUid("environment");
    const token = await server.createToken("--environment", environment);
    const here: Send = (method, path, body) => send(method, path, body, { token });
    const dead = async (ask: Send, count: number) =>
      until(
        async () => (await ask("GET", "/dead-letter")).json.data,
        ({ length }) => length === count,
      );
    for (const ask of [here, send]) {
      const app = await makeApplication(ask);
      await makeEndpoint(ask, app, receiver.url);
      await sendMessage(ask, app);
      await sendMessage(ask, app);
      await dead(ask, 2);
    }
    receiver.answering = withStatus(204);
    const { status, text } = await here("POST", "/admin/redrive-dlq");
    expect([status, text]).toEqual([204, ""]);
    await dead(here, 0);
    await receiver.arrived(6);
    await dead(send, 2);
  });

  test("redrive-dlq returns 403 to an application token and is not in the OpenAPI document", async () => {
    const token = await server.createToken("--app", await makeApplication(send));
    expect((await send("POST", "/admin/redrive-dlq", undefined, { token })).status).toBe(403);
    expect((await send("GET", "/api/v1/openapi.json")).text).not.toContain("redrive-dlq");
  });
});

describe("cancelling a background task", () => {
  const failing = "http://127.0.0.1:1";

  /**
   * Creates dead letters and starts a redrive that takes minutes. Returns the ids of the
   * application and the task.
   */
  async function slowRedrive(): Promise<{ app: string; task: string }> {
    const app = await makeApplication(send);
    await makeEndpoint(send, app, failing, { retrySchedule: [] });
    await sendMessages(send, app, 50);
    await until(
      async () => (await send("GET", `/dead-letter/summary?app_id=${app}`)).json.total,
      (total) => total === 50,
    );
    const { json } = await send("POST", "/dead-letter/redrive", { filter: { appId: app }, rate: 1 });
    return { app, task: json.id };
  }

  test("a cancelled redrive stops, does not resume after a restart, and keeps its work so far", async () => {
    const { app, task } = await slowRedrive();
    await until(
      async () => (await send("GET", `/background-task/${task}`)).json.data.redriven,
      (redriven) => redriven > 0,
    );
    expect((await send("DELETE", `/background-task/${task}`)).status).toBe(204);
    const ended = (await send("GET", `/background-task/${task}`)).json;
    expect(ended).toMatchObject({ status: "failed", data: { cancelled: true, rate: 1 } });
    await server.restart();
    // A second redrive of the same application finishes, so the first one no longer counts as
    // running.
    const { json } = await send("POST", "/dead-letter/redrive", { filter: { appId: app }, rate: 1000 });
    await until(
      async () => (await send("GET", `/background-task/${json.id}`)).json.status,
      (status) => status === "finished",
    );
    expect((await send("GET", `/background-task/${task}`)).json).toEqual(ended);
  });

  test("cancelling a task returns 409 if it has ended and 404 if it is unknown or in another environment", async () => {
    const { task } = await slowRedrive();
    const elsewhere = await server.createToken("--environment", freshUid("environment"));
    const cancel = async (id: string, token?: string) =>
      (await send("DELETE", `/background-task/${id}`, undefined, token === undefined ? {} : { token })).status;
    expect(await cancel(task, elsewhere)).toBe(404);
    expect(await cancel("qtask_nope")).toBe(404);
    const both = await Promise.all([cancel(task), cancel(task)]);
    expect(both.toSorted()).toEqual([204, 409]);
    expect(await cancel(task)).toBe(409);
  });

  test("a task that waits for other tasks can be cancelled before it starts", async () => {
    const tasks = [await slowRedrive(), await slowRedrive()];
    const { app } = tasks[0]!;
    const more: string[] = [];
    for (let i = 0; i < 2; i++) {
      const { json } = await send("POST", "/dead-letter/redrive", { filter: { appId: app }, rate: 1 });
      more.push(json.id);
    }
    const waiting = more.at(-1)!;
    expect((await send("GET", `/background-task/${waiting}`)).json.data.waiting).toBe(true);
    expect((await send("DELETE", `/background-task/${waiting}`)).status).toBe(204);
    const { json } = await send("GET", `/background-task/${waiting}`);
    expect([json.status, json.data.cancelled, json.data.waiting]).toEqual(["failed", true, undefined]);
    for (const { task } of tasks) expect((await send("DELETE", `/background-task/${task}`)).status).toBe(204);
  });
});
