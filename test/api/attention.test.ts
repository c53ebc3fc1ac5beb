import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { selfSigned } from "../support/certificate.ts";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { makeSource } from "../support/source.ts";
import { postStripe, stripeEvent, stripeSignature } from "../support/stripe.ts";

let server: TestServer;
let root: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule=", "--backlog-threshold=100ms", "--shutdown-timeout=0s"]);
  root = clientOf(server.url);
});
afterAll(() => server.stop());

const inbox = (status: number) => `${server.url}/inbox/${freshUid("inbox")}?status=${status}`;
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);

interface Entry {
  readonly kind: string;
  readonly reason?: string;
}

async function ownEnvironment() {
  const token = await server.createToken(`--environment=${freshUid("env")}`);
  const send: Send = (method, path, body) => root(method, path, body, { token });
  const overview = async () => (await send("GET", "/overview")).json;
  /** The entries of one environment, without those that every environment has. */
  const entries = async () =>
    ((await overview()).attention as Entry[]).filter(({ kind }) => !["disk_low", "delivery_held"].includes(kind));
  return { send, overview, entries };
}

describe("what needs attention", () => {
  test("the overview lists failing and disabled endpoints and dead letters with their reasons", async () => {
    const { send, overview, entries } = await ownEnvironment();
    expect(await entries()).toEqual([]);
    const app = await makeApplication(send);
    const { id: appId, name: appName } = (await send("GET", `/app/${app}`)).json;
    const url = inbox(500);
    const [bad, gone] = [await makeEndpoint(send, app, url), await makeEndpoint(send, app, inbox(410))];
    const off = await makeEndpoint(send, app, inbox(200));
    await send("PATCH", `/app/${app}/endpoint/${off}`, { disabled: true });
    await sendMessage(send, app);
    const found = await until(entries, (list) => list.length === 5);
    const where = { since: instant, appId, appName };
    expect(found).toMatchObject([
      { kind: "endpoint_disabled", severity: "critical", endpointId: gone, reason: "gone", ...where },
      { kind: "endpoint_failing", severity: "warning", endpointId: bad, url, reason: "status_5xx", ...where },
      { kind: "dead_letters", severity: "warning", count: 1, since: instant },
      { kind: "dead_letters", severity: "warning", count: 1, since: instant },
      { kind: "endpoint_disabled", severity: "info", endpointId: off, reason: "manual", ...where },
    ]);
    expect(new Set(found.slice(2, 4).map(({ reason }) => reason))).toEqual(new Set(["status_5xx", "gone"]));
    expect(await overview()).toMatchObject({ failing: 1, dead: 2 });

    await send("PATCH", `/app/${app}/endpoint/${bad}`, { paused: true });
    await send("DELETE", `/dead-letter?all=true`);
    const left = await until(entries, (list) => list.length === 2);
    expect(left.map(({ kind }) => kind)).toEqual(["endpoint_disabled", "endpoint_disabled"]);
    expect((await overview()).failing).toBe(0);
  });

  test("a paused endpoint is listed while deliveries wait, and a source while it refuses every request", async () => {
    const { send, overview, entries } = await ownEnvironment();
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, inbox(200));
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { paused: true });
    const source = await makeSource(send, inbox(200));
    await postStripe(source);
    await sendMessage(send, app);
    const forged = await postStripe(source, stripeEvent(), stripeSignature("other"));
    expect(forged.status).toBe(401);
    const found = await until(entries, (list) => list.length === 2);
    expect(found).toMatchObject([
      {
        ...{ kind: "source_refusing", severity: "warning", since: instant, reason: "signature_mismatch" },
        ...{ sourceId: source.id, sourceName: source.uid },
        detail: "Every request since the last stored one failed its check: signature_mismatch.",
      },
      {
        ...{ kind: "endpoint_paused", severity: "info", since: null, count: 1, endpointId: endpoint },
        detail: "The endpoint is paused. 1 delivery waits until it is resumed.",
      },
    ]);
    expect((await overview()).attentionTotal).toBeGreaterThanOrEqual(2);
    await postStripe(source);
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { paused: false });
    await until(entries, (list) => list.length === 0);
  });

  test("a certificate of an endpoint that ends within two weeks is listed until it is replaced", async () => {
    const { send, entries } = await ownEnvironment();
    const app = await makeApplication(send);
    const ending = new Date(Date.now() + 13 * 86_400_000);
    const fields = { tls: { ca: selfSigned("localhost", ending).cert } };
    const endpoint = await makeEndpoint(send, app, "https://127.0.0.1:9/", fields);
    expect(await until(entries, (list) => list.length > 0)).toMatchObject([
      {
        ...{ kind: "endpoint_certificate_expiring", severity: "warning", since: null, endpointId: endpoint },
        detail: expect.stringMatching(/^A CA that the endpoint trusts ends at \S+Z\. Deliveries fail/),
      },
    ]);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const [, seconds] = /^boathook_certificate_not_after_seconds\{certificate="ca"\} (\d+)$/m.exec(metrics)!;
    expect(Number(seconds)).toBe(Math.floor(ending.getTime() / 1000));
    expect((await root("GET", "/system")).json.certificates).toEqual({
      ...{ server: null, client: null },
      ca: new Date(Number(seconds) * 1000).toISOString(),
    });
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { tls: { ca: selfSigned("localhost").cert } });
    await until(entries, (list) => list.length === 0);
  });

  test("a client certificate of a source that ends within two weeks is listed until the source is disabled", async () => {
    const { send, entries } = await ownEnvironment();
    const ending = new Date(Date.now() + 13 * 86_400_000);
    const { cert, key } = selfSigned("client.example", ending);
    const config = {
      url: "amqps://127.0.0.1:9/?queue=orders",
      ca: selfSigned("a.example").cert,
      certificate: cert,
      key,
    };
    const { json } = await send("POST", "/ingest/api/v1/source", { name: "Orders", type: "amqp", config });
    expect(await until(entries, (list) => list.length > 0)).toMatchObject([
      {
        ...{ kind: "source_certificate_expiring", severity: "warning", since: null },
        ...{ sourceId: json.id, sourceName: "Orders" },
        detail: expect.stringMatching(/^The client certificate of the source ends at \S+Z\. No messages/),
      },
    ]);
    const seconds = Math.floor(ending.getTime() / 1000);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain(`boathook_certificate_not_after_seconds{certificate="client"} ${seconds}\n`);
    expect((await root("GET", "/system")).json.certificates.client).toBe(new Date(seconds * 1000).toISOString());
    await send("PATCH", `/ingest/api/v1/source/${json.id}`, { disabled: true });
    await until(entries, (list) => list.length === 0);
  });

  test("the number of failing endpoints is the same in the overview, its applications and the list", async () => {
    const { send, overview } = await ownEnvironment();
    const app = await makeApplication(send);
    for (let i = 0; i < 3; i++) await makeEndpoint(send, app, inbox(500));
    const off = await makeEndpoint(send, app, inbox(500));
    const paused = await makeEndpoint(send, app, inbox(500));
    await sendMessage(send, app);
    await until(overview, ({ failing }) => failing === 5);
    await send("PATCH", `/app/${app}/endpoint/${off}`, { disabled: true });
    await send("PATCH", `/app/${app}/endpoint/${paused}`, { paused: true });
    const [{ data: listed }, { data: applications }] = await Promise.all(
      ["/endpoint?state=failing", "/overview/app"].map(async (path) => (await send("GET", path)).json),
    );
    expect([listed.length, applications[0].failing, (await overview()).failing]).toEqual([3, 3, 3]);
  });

  test("a list of more than 50 entries is cut, and the total counts all", async () => {
    const { send, overview } = await ownEnvironment();
    const app = await makeApplication(send);
    for (let i = 0; i < 55; i++) {
      await send("POST", `/app/${app}/endpoint`, { url: "https://hook.example/", disabled: true });
    }
    const { attention, attentionTotal } = await until(overview, ({ attentionTotal: total }) => total >= 55);
    expect([attention.length, attentionTotal]).toEqual([50, 55]);
  });

  test("held deliveries, a paused environment and a growing backlog are listed while they last", async () => {
    const { send, overview } = await ownEnvironment();
    const app = await makeApplication(send);
    const url = `${server.url}/inbox/${freshUid("inbox")}?delay=10s`;
    const slow = await makeEndpoint(send, app, url, { concurrency: 1 });
    for (let i = 0; i < 3; i++) await sendMessage(send, app);
    const of = async (kind: string) =>
      ((await overview()).attention as Entry[]).find((entry) => entry.kind === kind) ?? null;
    const growing = await until(
      () => of("backlog_growing"),
      (entry) => entry !== null,
    );
    expect(growing).toMatchObject({
      ...{ severity: "critical", since: instant, count: expect.any(Number) },
      ...{ appName: app, endpointId: slow, url },
      detail: expect.stringContaining(`The oldest one is for ${url} (`),
    });

    const { oldestDueAt } = await overview();
    expect(Date.now() - Date.parse(oldestDueAt)).toBeGreaterThanOrEqual(0);

    await root("POST", "/delivery/hold");
    await send("POST", "/environment/pause");
    expect((await overview()).oldestDueAt).toBeNull();
    const isListed = (entry: Entry | null) => entry !== null;
    expect(await until(() => of("delivery_held"), isListed)).toMatchObject({ severity: "warning", since: instant });
    expect(await until(() => of("environment_paused"), isListed)).toMatchObject({ since: instant });
    await root("POST", "/delivery/resume");
    await send("POST", "/environment/resume");
    const isGone = (entry: Entry | null) => entry === null;
    await until(() => of("delivery_held"), isGone);
    await until(() => of("environment_paused"), isGone);
  });
});
