import { expect, test } from "bun:test";
import { type OperationalWebhookEndpointIn, type Svix, Webhook } from "svix";
import { startReceiver } from "../support/receiver.ts";
import { pagesOf, sdkSuite } from "./clients.ts";

const NOWHERE = "https://example.com/operations";
const OTHER = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

type Endpoints = Svix["operationalWebhook"]["endpoint"];
type Fields = OperationalWebhookEndpointIn;

sdkSuite("operational-webhook", (sdk) => {
  /** The resource in 1.x. Its `update` and `updateHeaders` are `upsert` and `setHeaders` in 2.x. */
  type Endpoints1 = ReturnType<typeof sdk.client1>["operationalWebhookEndpoint"];
  interface Resource {
    readonly endpoints: Endpoints;
    put(id: string, fields: Fields): Promise<{ id: string; url: string }>;
    setHeaders(id: string, headers: Record<string, string>): Promise<void>;
  }
  /** Names of the resource in this version. */
  const names =
    sdk.version === "1.x"
      ? ["operationalWebhook.endpoint", "operationalWebhookEndpoint"]
      : ["operationalWebhook.endpoint"];

  async function resource(name: string): Promise<Resource> {
    const token = await sdk.freshEnvironment();
    const { endpoint } = sdk.client(token).operationalWebhook;
    if (sdk.version === "2.x") {
      return {
        endpoints: endpoint,
        put: (id, fields) => endpoint.upsert(id, fields),
        setHeaders: (id, headers) => endpoint.setHeaders(id, { headers }),
      };
    }
    const client = sdk.client1(token);
    const old: Endpoints1 =
      name === "operationalWebhookEndpoint" ? client.operationalWebhookEndpoint : client.operationalWebhook.endpoint;
    return {
      endpoints: old as unknown as Endpoints,
      put: (id, fields) => old.update(id, fields),
      setHeaders: (id, headers) => old.updateHeaders(id, { headers }),
    };
  }

  for (const name of names) {
    test(`operational endpoints can be created, read, replaced and deleted through ${name}`, async () => {
      const { endpoints, put } = await resource(name);
      const fields = { url: NOWHERE, uid: "ops", description: "d", throttleRate: 5, metadata: { a: "1" } };
      const made = await endpoints.create(fields);
      expect(made).toMatchObject({ ...fields, disabled: false });
      expect(made.createdAt).toBeInstanceOf(Date);
      expect(await endpoints.get("ops")).toEqual(made);
      expect(await endpoints.get(made.id)).toEqual(made);
      await sdk.refused(409, endpoints.create(fields));
      expect(await put("ops", { url: `${NOWHERE}/new`, uid: "ops" })).toMatchObject({
        id: made.id,
        url: `${NOWHERE}/new`,
      });
      expect((await put("second", { url: NOWHERE, uid: "second" })).id).not.toBe(made.id);
      await endpoints.delete("ops");
      await sdk.refused(404, endpoints.get(made.id));
    });

    test(`operational endpoints are listed in pages through ${name}`, async () => {
      const { endpoints } = await resource(name);
      const ids: string[] = [];
      for (let i = 0; i < 3; i++) ids.push((await endpoints.create({ url: NOWHERE })).id);
      const pages = await pagesOf((iterator) => endpoints.list({ limit: 2, iterator }));
      expect(pages.map((page) => page.map(({ id }) => id))).toEqual([[ids[2]!, ids[1]!], [ids[0]!]]);
    });

    test(`secrets and headers of operational endpoints can be managed through ${name}`, async () => {
      const { endpoints, setHeaders } = await resource(name);
      const { id } = await endpoints.create({ url: NOWHERE });
      const { key } = await endpoints.getSecret(id);
      expect(key).toStartWith("whsec_");
      await endpoints.rotateSecret(id, {});
      expect((await endpoints.getSecret(id)).key).not.toBe(key);
      await endpoints.rotateSecret(id, { key: OTHER });
      expect((await endpoints.getSecret(id)).key).toBe(OTHER);
      await setHeaders(id, { "X-Shown": "1", Authorization: "hidden" });
      const headers = await endpoints.getHeaders(id);
      expect(headers).toEqual({ headers: { "X-Shown": "1" }, sensitive: ["Authorization"] });
    });
  }

  test("creating an endpoint causes an operational webhook that is signed with the secret", async () => {
    await using receiver = startReceiver();
    const svix = sdk.client(await sdk.freshEnvironment());
    const operational = await svix.operationalWebhook.endpoint.create({ url: receiver.url });
    const { key } = await svix.operationalWebhook.endpoint.getSecret(operational.id);
    const { id: app } = await svix.application.create({ name: "App", uid: "a" });
    const { id } = await svix.endpoint.create(app, { url: NOWHERE, uid: "e" });
    const [request] = await receiver.arrived(1);
    new Webhook(key).verify(request!.body.toString(), Object.fromEntries(request!.headers));
    expect(JSON.parse(request!.body.toString())).toMatchObject({
      type: "endpoint.created",
      data: { appId: app, appUid: "a", endpointId: id, endpointUid: "e" },
    });
  });
});
