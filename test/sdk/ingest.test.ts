import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import type { Svix } from "svix";
import type { Svix as Svix1 } from "svix1";
import { clientOf, freshUid } from "../support/client.ts";
import { until } from "../support/delivery.ts";
import { pagesOf, sdkSuite } from "./clients.ts";

const NOWHERE = "https://example.com/hooks";
const SECRET = "whsec_test_only_ingest";
const CODE = "function handler(input) { return input; }";

/** The methods of both versions under the names of 2.x. */
type Ingest = Svix["ingest"];

sdkSuite("ingest", (sdk) => {
  function ingestOf(token: string): Ingest {
    if (sdk.version === "2.x") return sdk.client(token).ingest;
    const { ingest } = sdk.client1(token) as unknown as { readonly ingest: Svix1["ingest"] };
    const { source, endpoint } = ingest;
    return {
      source: { ...methods(source), upsert: (id: string, given: never) => source.update(id, given) },
      endpoint: {
        ...methods(endpoint),
        upsert: (id: string, ep: string, given: never) => endpoint.update(id, ep, given),
        setHeaders: (id: string, ep: string, given: never) => endpoint.updateHeaders(id, ep, given),
        transformation: {
          get: (id: string, ep: string) => endpoint.getTransformation(id, ep),
          patch: (id: string, ep: string, given: never) => endpoint.setTransformation(id, ep, given),
        },
      },
      authentication: { consumerPortalAccess: (id: string, given: never) => ingest.dashboard(id, given) },
    } as unknown as Ingest;
  }

  /** Returns the methods that both versions have under the same name. */
  function methods(resource: object) {
    const names = [
      "list",
      "create",
      "get",
      "delete",
      "rotateToken",
      "getSecret",
      "rotateSecret",
      "getHeaders",
    ] as const;
    const of = resource as Readonly<Record<string, (...args: unknown[]) => unknown>>;
    return Object.fromEntries(names.map((name) => [name, (...args: unknown[]) => of[name]!(...args)]));
  }

  test("a source can be created, read, listed, replaced and deleted", async () => {
    const { source } = ingestOf(await sdk.freshEnvironment());
    const given = {
      name: "Shop",
      uid: "shop",
      type: "stripe",
      config: { secret: SECRET },
      metadata: { a: "1" },
    } as const;
    const made = await source.create(given);
    expect(made).toMatchObject({ name: "Shop", uid: "shop", type: "stripe", metadata: { a: "1" } });
    expect(made.ingestUrl).toStartWith(`${sdk.server.url}/in/`);
    expect(made.createdAt).toBeInstanceOf(Date);
    expect(await source.get("shop")).toMatchObject({ id: made.id, ingestUrl: made.ingestUrl });
    await source.create({ ...given, uid: "second" });
    const pages = await pagesOf(async (iterator) => await source.list({ iterator, limit: 1 }));
    expect(
      pages
        .flat()
        .map(({ uid }) => uid)
        .sort(),
    ).toEqual(["second", "shop"]);
    const replaced = await source.upsert("shop", { ...given, name: "Shop 2" });
    expect(replaced).toMatchObject({ id: made.id, name: "Shop 2", ingestUrl: made.ingestUrl });
    expect(await source.upsert("third", { ...given, uid: "third" })).toMatchObject({ uid: "third" });
    await source.delete("shop");
    await sdk.refused(404, source.get(made.id));
  });

  test("a type that the SDK does not know reads generic-webhook, and the provider is in the raw response", async () => {
    const token = await sdk.freshEnvironment();
    const send = clientOf(sdk.server.url);
    const settings = { name: "Repository", uid: "gitlab", type: "gitlab", config: { secret: "token-of-gitlab" } };
    const made = await send("POST", "/ingest/api/v1/source", settings, { token });
    expect(made.json).toMatchObject({ type: "gitlab", provider: "gitlab" });
    expect(await ingestOf(token).source.get("gitlab")).toMatchObject({ type: "generic-webhook" });
  });

  test("a source of type cron has its configuration and no URL", async () => {
    const { source } = ingestOf(await sdk.freshEnvironment());
    const config = { schedule: "0 9 * * 1-5", payload: "{}", contentType: "application/json" };
    const made = await source.create({ name: "Night", type: "cron", config });
    expect(made).toMatchObject({ type: "cron", config });
    expect(made.ingestUrl ?? null).toBeNull();
  });

  test("a rotated URL replaces the old one, which stays valid", async () => {
    const { source } = ingestOf(await sdk.freshEnvironment());
    const made = await source.create({ name: "Any", type: "generic-webhook" });
    const { ingestUrl } = await source.rotateToken(made.id);
    expect(ingestUrl).not.toBe(made.ingestUrl!);
    expect(await source.get(made.id)).toMatchObject({ ingestUrl });
    for (const url of [ingestUrl, made.ingestUrl!])
      expect((await fetch(url, { method: "POST", body: "{}" })).status).toBe(200);
  });

  test("an endpoint of a source can be created, read, listed, replaced and deleted", async () => {
    const { source, endpoint } = ingestOf(await sdk.freshEnvironment());
    const { id } = await source.create({ name: "Any", type: "generic-webhook" });
    const fields = { url: NOWHERE, uid: "worker", description: "d", throttleRate: 5, metadata: { a: "1" } };
    const made = await endpoint.create(id, fields);
    expect(made).toMatchObject(fields);
    expect(await endpoint.get(id, "worker")).toMatchObject({ id: made.id });
    await endpoint.create(id, { ...fields, uid: "second" });
    const pages = await pagesOf(async (iterator) => await endpoint.list(id, { iterator, limit: 1 }));
    expect(
      pages
        .flat()
        .map(({ uid }) => uid)
        .sort(),
    ).toEqual(["second", "worker"]);
    expect(await endpoint.upsert(id, "worker", { url: `${NOWHERE}/2` })).toMatchObject({
      id: made.id,
      url: `${NOWHERE}/2`,
    });
    expect(await endpoint.upsert(id, "third", { url: NOWHERE })).toMatchObject({ uid: "third" });
    await endpoint.delete(id, "worker");
    await sdk.refused(404, endpoint.get(id, made.id));
  });

  test("the secret, the headers and the transformation of an endpoint of a source can be changed", async () => {
    const { source, endpoint } = ingestOf(await sdk.freshEnvironment());
    const { id } = await source.create({ name: "Any", type: "generic-webhook" });
    const made = await endpoint.create(id, { url: NOWHERE });
    const { key } = await endpoint.getSecret(id, made.id);
    await endpoint.rotateSecret(id, made.id, {});
    expect((await endpoint.getSecret(id, made.id)).key).not.toBe(key);
    await endpoint.setHeaders(id, made.id, { headers: { "X-Team": "billing" } });
    expect((await endpoint.getHeaders(id, made.id)).headers).toEqual({ "X-Team": "billing" });
    expect(await endpoint.transformation.get(id, made.id)).toMatchObject({ enabled: false });
    await endpoint.transformation.patch(id, made.id, { code: CODE, enabled: true });
    expect(await endpoint.transformation.get(id, made.id)).toMatchObject({ code: CODE, enabled: true });
  });

  test("a signed event of a stripe source reaches its endpoint, and the token of its portal reads it", async () => {
    const token = await sdk.freshEnvironment();
    const { source, endpoint, authentication } = ingestOf(token);
    const { id, ingestUrl } = await source.create({ name: "Shop", type: "stripe", config: { secret: SECRET } });
    const inbox = freshUid("inbox");
    await endpoint.create(id, { url: `${sdk.server.url}/inbox/${inbox}` });
    const body = '{"id":"evt_1","type":"charge.succeeded"}';
    const time = Math.floor(Date.now() / 1000);
    const signature = createHmac("sha256", SECRET).update(`${time}.${body}`).digest("hex");
    const headers = { "stripe-signature": `t=${time},v1=${signature}`, "content-type": "application/json" };
    expect((await fetch(ingestUrl!, { method: "POST", headers, body })).status).toBe(200);
    const send = clientOf(sdk.server.url);
    const [received] = await until(
      async () => (await send("GET", `/inbox/${inbox}`, undefined, { token })).json.data,
      (requests) => requests.length === 1,
    );
    expect(received).toMatchObject({ body, headers: { "boathook-verification": "verified" } });
    const access = await authentication.consumerPortalAccess(id, { readOnly: true });
    expect(access.url).toContain("/portal/#key=");
    const { json } = await send("GET", `/ingest/api/v1/source/${id}`, undefined, { token: access.token });
    const messages = await send("GET", `/app/${json.appId}/msg`, undefined, { token: access.token });
    expect(messages.json.data).toMatchObject([{ eventType: "charge.succeeded", verification: "verified" }]);
  });
});
