import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

type Item = Readonly<Record<string, unknown>>;

describe("search for applications", () => {
  test("`search` finds applications by a part of the name or uid, or by id", async () => {
    const { json: acme } = await send("POST", "/app", { name: "Acme Ärzte", uid: "cust-ONE" });
    const { json: other } = await send("POST", "/app", { name: "Other one", uid: "cust-2" });
    const find = async (text: string) =>
      (await send("GET", `/app?search=${encodeURIComponent(text)}`)).json.data.map(({ id }: Item) => id);
    expect(await find("ÄRZTE")).toEqual([acme.id]);
    expect(await find("-one")).toEqual([acme.id]);
    expect(await find("one")).toEqual([acme.id, other.id]);
    expect(await find(other.id)).toEqual([other.id]);
    expect(await find("acme_%")).toEqual([]);
    expect(await find(`${other.id}x`)).toEqual([]);
  });

  test("an empty search lists all applications, and a text of more than 200 characters is refused", async () => {
    await makeApplication(send);
    const all = await send("GET", "/app?limit=250");
    expect((await send("GET", "/app?limit=250&search=")).text).toBe(all.text);
    expect((await send("GET", `/app?search=${"x".repeat(201)}`)).status).toBe(422);
  });
});

describe("GET /overview/app", () => {
  test("each application has its counts", async () => {
    const app = await makeApplication(send);
    const { json: application } = await send("GET", `/app/${app}`);
    const search = () => send("GET", `/overview/app?search=${app}`).then(({ json }) => json.data as Item[]);
    expect(await search()).toEqual([{ application, endpoints: 0, failing: 0, dead: 0, lastMessageAt: null }]);

    const inbox = `${server.url}/inbox/${app}`;
    await makeEndpoint(send, app, inbox);
    await makeEndpoint(send, app, `${inbox}?status=500`);
    const id = await sendMessage(send, app);
    await attemptsOf(send, app, id, 2);
    const { json: message } = await send("GET", `/app/${app}/msg/${id}`);
    const [counts] = await until(search, ([item]) => item?.dead === 1);
    const expected = { application, endpoints: 2, failing: 1, dead: 1 };
    expect(counts).toMatchObject(expected);
    expect(String(counts!.lastMessageAt).slice(0, 16)).toBe(message.timestamp.slice(0, 16));
  });

  test("pages follow each other in either order", async () => {
    for (let i = 0; i < 3; i++) await makeApplication(send);
    const idsOf = async (path: string): Promise<string[]> => {
      const { json } = await send("GET", path);
      return json.data.map(
        ({ id, application }: { id?: string; application?: { id: string } }) => id ?? application?.id,
      );
    };
    for (const order of ["ascending", "descending"]) {
      const all = await idsOf(`/app?order=${order}&limit=250`);
      const first = await idsOf(`/overview/app?order=${order}&limit=2`);
      const second = await idsOf(`/overview/app?order=${order}&limit=250&iterator=${first.at(-1)}`);
      expect([...first, ...second]).toEqual(all);
    }
  });

  test("an application's token gets 403", async () => {
    const { json } = await send("POST", `/auth/app-portal-access/${await makeApplication(send)}`, {});
    expect((await send("GET", "/overview/app", undefined, { token: json.token })).status).toBe(403);
  });
});

describe("GET /overview/app/{app}", () => {
  const NUMBERS = {
    endpoints: { healthy: 0, failing: 0, disabled: 0, paused: 0 },
    pending: 0,
    dead: 0,
    deadReasons: [],
    messages: 0,
  };

  test("the numbers say what the application has, by its id or uid", async () => {
    const app = await makeApplication(send);
    const { json: application } = await send("GET", `/app/${app}`);
    const read = () => send("GET", `/overview/app/${app}`).then(({ json }) => json as Item);
    expect(await read()).toEqual({ application, ...NUMBERS, lastMessageAt: null });
    expect((await send("GET", `/overview/app/${application.id}`)).json).toEqual(await read());

    const inbox = `${server.url}/inbox/${app}`;
    await makeEndpoint(send, app, `${inbox}?status=500`);
    await makeEndpoint(send, app, inbox, { paused: true });
    await makeEndpoint(send, app, inbox, { disabled: true });
    const id = await sendMessage(send, app);
    await attemptsOf(send, app, id, 1);
    const numbers = await until(read, ({ dead }) => dead === 1);
    const endpoints = { healthy: 0, failing: 1, disabled: 1, paused: 1 };
    expect(numbers).toMatchObject({ application, endpoints, pending: 1, dead: 1, messages: 1 });
    expect(numbers.deadReasons).toEqual([{ reason: "status_5xx", count: 1 }]);
    expect(numbers.lastMessageAt).not.toBeNull();
  });

  test("an unknown or deleted application gets 404, and an application's token gets 403", async () => {
    const app = await makeApplication(send);
    const { json } = await send("POST", `/auth/app-portal-access/${app}`, {});
    expect((await send("GET", `/overview/app/${app}`, undefined, { token: json.token })).status).toBe(403);
    await send("DELETE", `/app/${app}`);
    expect((await send("GET", `/overview/app/${app}`)).status).toBe(404);
    expect((await send("GET", "/overview/app/unknown")).status).toBe(404);
  });
});
