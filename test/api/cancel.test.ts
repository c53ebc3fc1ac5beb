import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { auditLog } from "../support/audit.ts";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, sendMessages, until } from "../support/delivery.ts";
import { startReceiver, withStatus } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule=1h"]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();
const cancel = (app: string, message: string) => send("POST", `/app/${app}/msg/${message}/cancel`);
const pending = async () => (await send("GET", "/overview")).json.pending as number;

/** Returns the states of the deliveries of a message, in alphabetical order. */
async function statesOf(app: string, message: string): Promise<string[]> {
  const { json } = await send("GET", `/app/${app}/msg/${message}/recipients`);
  return json.data.map(({ delivery }: { delivery: { state: string } }) => delivery.state).toSorted();
}

describe("message.cancel", () => {
  test("a scheduled message can be cancelled by its id or its eventId, and is then listed as cancelled", async () => {
    await using receiver = startReceiver();
    const app = await makeApplication(send);
    await makeEndpoint(send, app, receiver.url);
    await makeEndpoint(send, app, receiver.url);
    const before = await pending();
    const first = await sendMessage(send, app, { deliverAt: inAnHour() });
    const second = await sendMessage(send, app, { deliverAt: inAnHour(), eventId: "second" });
    expect(await cancel(app, first)).toMatchObject({ status: 200, json: { count: 2 } });
    expect(await cancel(app, "second")).toMatchObject({ status: 200, json: { count: 2 } });
    for (const message of [first, second]) expect(await statesOf(app, message)).toEqual(["cancelled", "cancelled"]);
    expect(await pending()).toBe(before);
    expect(receiver.received).toEqual([]);
    expect((await send("GET", `/app/${app}/msg/${first}`)).json.payload).toEqual({});
  });

  test("only the deliveries that wait are cancelled, and a cancelled message can be resent", async () => {
    await using good = startReceiver();
    await using bad = startReceiver(withStatus(500));
    const app = await makeApplication(send);
    await makeEndpoint(send, app, good.url);
    const failing = await makeEndpoint(send, app, bad.url);
    const message = await sendMessage(send, app);
    await attemptsOf(send, app, message, 2);
    expect((await cancel(app, message)).json).toEqual({ count: 1 });
    expect(await statesOf(app, message)).toEqual(["cancelled", "delivered"]);
    expect((await send("POST", `/app/${app}/msg/${message}/endpoint/${failing}/resend`)).status).toBe(202);
    await bad.arrived(2);
  });

  test("cancelling returns 409 if no delivery is pending, and 404 for a message of another application", async () => {
    await using receiver = startReceiver();
    const [app, other] = [await makeApplication(send), await makeApplication(send)];
    await makeEndpoint(send, app, receiver.url);
    const delivered = await sendMessage(send, app);
    await attemptsOf(send, app, delivered);
    const scheduled = await sendMessage(send, app, { deliverAt: inAnHour() });
    const already = { status: 409, json: { code: "already_sent" } };
    expect(await cancel(app, delivered)).toMatchObject(already);
    expect(await cancel(other, scheduled)).toMatchObject({ status: 404, json: { detail: "Message not found" } });
    expect((await cancel(app, scheduled)).json).toEqual({ count: 1 });
    expect(await cancel(app, scheduled)).toMatchObject(already);
  });

  test("cancelling a message is in the audit log, and an application's token must not do it", async () => {
    await using receiver = startReceiver();
    const app = await makeApplication(send);
    await makeEndpoint(send, app, receiver.url);
    const message = await sendMessage(send, app, { deliverAt: inAnHour() });
    const token = (await send("POST", `/auth/app-portal-access/${app}`, {})).json.token;
    const path = `/app/${app}/msg/${message}/cancel`;
    expect((await send("POST", path, undefined, { token })).status).toBe(403);
    await cancel(app, message);
    const [entry] = await auditLog(send, {}, 1);
    expect(entry).toMatchObject({ action: "message.cancel", subject: { msgId: message } });
  });
});

describe("v1.endpoint.cancel-msgs", () => {
  test("cancel-msgs cancels what was accepted before the time for one endpoint, and keeps the rest", async () => {
    await using receiver = startReceiver();
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, receiver.url, { paused: true });
    const other = await makeEndpoint(send, app, receiver.url, { paused: true });
    const earlier = await sendMessages(send, app, 700);
    const last = (await send("GET", `/app/${app}/msg/${earlier.at(-1)}`)).json.timestamp as string;
    const createdBefore = new Date(Date.parse(last) + 1).toISOString();
    // The next message must have a later timestamp.
    while (Date.now() <= Date.parse(last) + 1) await Bun.sleep(1);
    const later = await sendMessage(send, app);
    const token = (await send("POST", `/auth/app-portal-access/${app}`, {})).json.token;
    const path = `/app/${app}/endpoint/${endpoint}/cancel-msgs`;
    expect(await send("POST", path, { createdBefore }, { token })).toMatchObject({ status: 204, text: "" });
    const task = await until(
      async () => (await send("GET", "/background-task?task=endpoint.cancel-msgs")).json.data[0],
      ({ status }) => status !== "running",
    );
    expect(task).toMatchObject({ status: "finished", done: 700, endpointId: endpoint });
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { paused: false });
    await receiver.arrived(1);
    expect(receiver.received.map(({ id }) => id)).toEqual([later]);
    expect(await statesOf(app, earlier[0]!)).toEqual(["cancelled", "pending"]);
    const page = (await send("GET", `/app/${app}/endpoint/${other}/msg?limit=1&status=1`)).json;
    expect(page.data).toHaveLength(1);
  });

  test("cancel-msgs returns 422 without a valid time, and 404 for an endpoint of another application", async () => {
    const [app, other] = [await makeApplication(send), await makeApplication(send)];
    const endpoint = await makeEndpoint(send, app, "http://127.0.0.1:9/");
    const path = `/app/${app}/endpoint/${endpoint}/cancel-msgs`;
    for (const body of [undefined, {}, { createdBefore: null }, { createdBefore: "yesterday" }, { createdBefore: 5 }]) {
      expect([body, (await send("POST", path, body)).status]).toEqual([body, 422]);
    }
    const createdBefore = inAnHour();
    const elsewhere = `/app/${other}/endpoint/${endpoint}/cancel-msgs`;
    expect((await send("POST", elsewhere, { createdBefore })).status).toBe(404);
    for (const farAway of ["1000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]) {
      expect((await send("POST", path, { createdBefore: farAway })).status).toBe(204);
    }
  });
});
