import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Svix } from "svix";
import { Svix as Svix1 } from "svix1";
import { freshUid } from "../support/client.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
});
afterAll(() => server.stop());

/** The same walk through the API with the clients of both generations, which check what they receive each in their way. */
const clients = [
  ["2.x", () => new Svix(ROOT_TOKEN, { serverUrl: server.url })],
  ["1.x", () => new Svix1(ROOT_TOKEN, { serverUrl: server.url }) as unknown as Svix],
] as const;

for (const [version, makeClient] of clients) {
  describe(`the Svix client ${version}`, () => {
    test("walks through applications, event types, endpoints, messages and attempts", async () => {
      const svix = makeClient();
      const uid = freshUid("svix");
      const app = await svix.application.getOrCreate({ name: "App", uid });
      expect((await svix.application.getOrCreate({ name: "App", uid })).id).toBe(app.id);
      expect((await svix.application.get(uid)).name).toBe("App");
      expect((await svix.application.patch(uid, { name: "Renamed" })).name).toBe("Renamed");
      expect((await svix.application.list({ limit: 1 })).data).toHaveLength(1);

      const eventType = freshUid("type");
      await svix.eventType.create({ name: eventType, description: "d" });
      expect((await svix.eventType.list()).data.map(({ name }) => name)).toContain(eventType);

      const url = `${server.url}/inbox/${freshUid("inbox")}`;
      const endpoint = await svix.endpoint.create(uid, { url, channels: ["c"], uid: "ep" });
      expect(endpoint.createdAt).toBeInstanceOf(Date);
      expect((await svix.endpoint.getSecret(uid, "ep")).key).toStartWith("whsec_");
      await svix.endpoint.rotateSecret(uid, "ep", {});
      await svix.endpoint.patchHeaders(uid, "ep", { headers: { "X-A": "1" } });
      expect((await svix.endpoint.getHeaders(uid, "ep")).headers).toEqual({ "X-A": "1" });
      expect((await svix.endpoint.list(uid)).data).toHaveLength(1);

      const message = await svix.message.create(uid, { eventType, payload: { a: 1 }, channels: ["c"], eventId: "e1" });
      // Clients of the second generation ask for the answer without the payload.
      expect(message.payload).toEqual(version === "1.x" ? { a: 1 } : {});
      const found = await svix.message.get(uid, "e1", { withContent: true });
      expect([found.id, found.payload]).toEqual([message.id, { a: 1 }]);
      expect((await svix.message.list(uid, { eventTypes: [eventType] })).data).toHaveLength(1);

      for (;;) {
        const { data } = await svix.messageAttempt.listByMsg(uid, message.id);
        if (data[0]?.status === 0) break;
        await Bun.sleep(10);
      }
      expect((await svix.messageAttempt.listByEndpoint(uid, endpoint.id)).data).toHaveLength(1);
      expect((await svix.messageAttempt.listAttemptedDestinations(uid, message.id)).data[0]?.id).toBe(endpoint.id);
      await svix.messageAttempt.resend(uid, message.id, endpoint.id);

      await svix.message.expungeContent(uid, message.id);
      await svix.endpoint.delete(uid, "ep");
      await svix.application.delete(uid);
      await expect(svix.application.get(uid)).rejects.toMatchObject({ code: 404 });
      await svix.health.get();
    });

    test("gets the findings of a 422", async () => {
      await expect(makeClient().application.create({ name: "" })).rejects.toMatchObject({ code: 422 });
    });
  });
}
