import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Tests the limits that are settings: endpoints per application, and running tasks. */

const URL_OF_NOBODY = "http://127.0.0.1:9/";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--max-endpoints-per-app=3", "--max-tasks=1", "--max-tasks-per-app=1"]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

function expectTooMany({ status, json }: { status: number; json: { code: string; detail: string } }): void {
  expect([status, json.code]).toEqual([403, "too_many_endpoints"]);
  expect(json.detail).toContain("max-endpoints-per-app");
}

describe("the maximum of endpoints per application", () => {
  test("creating an endpoint beyond the maximum by POST or PUT returns 403 until another endpoint is deleted", async () => {
    const app = await makeApplication(send);
    const path = `/app/${app}/endpoint`;
    const create = () => send("POST", path, { url: URL_OF_NOBODY });
    const first = (await create()).json.id;
    for (let i = 0; i < 2; i++) expect((await create()).status).toBe(201);
    expectTooMany(await create());
    expectTooMany(await send("PUT", `${path}/${freshUid("ep")}`, { url: URL_OF_NOBODY }));
    expect((await send("DELETE", `${path}/${first}`)).status).toBe(204);
    expect((await create()).status).toBe(201);
  });

  test("concurrent requests cannot create more endpoints than the maximum", async () => {
    const path = `/app/${await makeApplication(send)}/endpoint`;
    const answers = await Promise.all(Array.from({ length: 12 }, () => send("POST", path, { url: URL_OF_NOBODY })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
  });

  test("the maximum number of endpoints also applies to operational endpoints", async () => {
    const create = () => send("POST", "/operational-webhook/endpoint", { url: URL_OF_NOBODY });
    for (let i = 0; i < 3; i++) expect((await create()).status).toBe(201);
    expectTooMany(await create());
  });
});

test("a task that waits for other tasks is shown as running, with `waiting` in its data", async () => {
  const filter = { reason: "gone" };
  const redrive = () => send("POST", "/dead-letter/redrive", { filter, rate: 1 });
  const tasks = (await Promise.all(Array.from({ length: 8 }, redrive))).map(({ json }) => json);
  expect(tasks).toContainEqual(
    expect.objectContaining({ status: "running", data: { redriven: 0, rate: 1, filter, waiting: true } }),
  );
  for (const { id } of tasks) expect(await ended(id)).toEqual({ redriven: 0, rate: 1, filter });
});

/** Returns the data of a task when it has ended. */
async function ended(id: string): Promise<unknown> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const { json } = await send("GET", `/background-task/${id}`);
    if (json.status !== "running") return json.data;
    if (Date.now() > deadline) throw new Error(`The task has not ended: ${JSON.stringify(json)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
