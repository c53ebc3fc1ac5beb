import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Answer, clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { type AttemptOut, attemptsOf, makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { proxyMakers, startProxy, type TestProxy } from "../support/proxies.ts";
import { startReceiver } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { startTokenServer } from "../support/token-server.ts";

const USER = { name: "ann", password: "password-of-the-proxy" };
const SLOW_START_MS = 30_000;

for (const maker of proxyMakers) {
  const isMissing = Bun.which(maker.program) === null;
  if (isMissing) console.log(`egress-proxy is not tested with ${maker.program}, because it is not installed.`);

  describe.skipIf(isMissing)(`a server whose egress-proxy is ${maker.program}`, () => {
    let proxy: TestProxy;
    let server: TestServer;
    let send: Send;
    beforeAll(async () => {
      proxy = await startProxy(maker, USER);
      const url = `${maker.scheme}://${USER.name}:${USER.password}@127.0.0.1:${proxy.port}`;
      server = await startServer(["--retry-schedule="], { BOATHOOK_EGRESS_PROXY: url });
      send = clientOf(server.url);
    }, SLOW_START_MS);
    afterAll(async () => {
      await server.stop();
      await proxy[Symbol.asyncDispose]();
    });

    async function delivered(url: string, fields: object = {}): Promise<AttemptOut> {
      const app = await makeApplication(send);
      await makeEndpoint(send, app, url, fields);
      const [attempt] = await attemptsOf(send, app, await sendMessage(send, app));
      return attempt!;
    }

    test(`${maker.program} carries deliveries and requests for tokens`, async () => {
      await using receiver = startReceiver();
      await using tokens = startTokenServer();
      const auth = { type: "oauth2", tokenUrl: tokens.tokenUrl, clientId: "c", clientSecret: "s" };
      expect(await delivered(receiver.url, { auth })).toMatchObject({ reason: null, responseStatusCode: 204 });
      expect(receiver.received[0]!.headers.get("authorization")).toBe("Bearer token-1");
      for (const { port } of [receiver, new URL(tokens.tokenUrl)]) expect(proxy.log()).toContain(`127.0.0.1:${port}`);
    });

    test(`${maker.program} carries requests to AWS`, async () => {
      await using receiver = startReceiver();
      const endpoint = encodeURIComponent(receiver.url);
      const attempt = await delivered(`sqs://KEY:secret@eu-central-1/1/q?endpoint=${endpoint}`);
      expect(attempt).toMatchObject({ reason: null, responseStatusCode: 204 });
      expect(receiver.received[0]!.headers.get("x-amz-target")).toBe("AmazonSQS.SendMessage");
      expect(proxy.log()).toContain(`127.0.0.1:${receiver.port}`);
    });

    test(`${maker.program} gets neither blocked addresses nor deliveries to inboxes`, async () => {
      expect(await delivered("http://10.0.0.1/")).toMatchObject({ reason: "blocked" });
      const inbox = `${server.url}/inbox/${freshUid("inbox")}`;
      expect(await delivered(inbox)).toMatchObject({ reason: null });
      expect(proxy.log()).not.toContain("10.0.0.1");
      expect(proxy.log()).not.toContain(`127.0.0.1:${new URL(server.url).port}`);
    });

    test(`an attempt that ${maker.program} refuses has the reason proxy and no status`, async () => {
      const attempt = await delivered("http://127.0.0.1:1/");
      expect(attempt).toMatchObject({ reason: "proxy", responseStatusCode: 0 });
      expect(attempt.response).toStartWith("The proxy ");
    });

    test(`the password for ${maker.program} is shown as *** among the settings`, async () => {
      const { json, text } = await send("GET", "/api/v1/system");
      const { settings } = json;
      expect(settings.find(({ name }: { name: string }) => name === "egress-proxy")).toMatchObject({
        value: expect.stringContaining("://ann:***@127.0.0.1"),
      });
      expect(text).not.toContain(USER.password);
    });
  });
}

describe("a server whose egress-proxy is down", () => {
  test("attempts fail with the reason proxy, the endpoint is not disabled, and dead letters say so", async () => {
    const server = await startServer([
      "--retry-schedule=",
      "--egress-proxy=http://127.0.0.1:1",
      "--endpoint-disable-after=1ms",
    ]);
    try {
      const send = clientOf(server.url);
      const app = await makeApplication(send);
      const endpoint = await makeEndpoint(send, app, "http://127.0.0.1:9/");
      for (let i = 0; i < 3; i++) await attemptsOf(send, app, await sendMessage(send, app));
      const letters = await until<Answer>(
        () => send("GET", `/app/${app}/dead-letter?reason=proxy`),
        ({ json }) => json.data?.length === 3,
      );
      expect(letters.json.data[0]).toMatchObject({ reason: "proxy" });
      expect((await send("GET", `/app/${app}/endpoint/${endpoint}`)).json.disabled).toBeFalse();
    } finally {
      await server.stop();
    }
  });
});
