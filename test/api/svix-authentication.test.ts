import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ApiException, AppPortalCapability, Svix } from "svix";
import { ApiException as ApiException1, Svix as Svix1 } from "svix1";
import { freshUid } from "../support/client.ts";
import { signJwt } from "../support/jwt.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

const SECRET = "secret-of-the-jwts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="], { BOATHOOK_JWT_SECRET: SECRET });
});
afterAll(() => server.stop());

const clients = [
  ["2.x", (token: string) => new Svix(token, { serverUrl: server.url }), ApiException],
  ["1.x", (token: string) => new Svix1(token, { serverUrl: server.url }) as unknown as Svix, ApiException1],
] as const;

for (const [version, clientWith, Refusal] of clients) {
  describe(`the Svix client ${version}`, () => {
    const refusal = (status: number) => (error: unknown) => error instanceof Refusal && error.code === status;
    async function refused(status: number, work: Promise<unknown>): Promise<void> {
      const error = await work.then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(refusal(status)(error)).toBe(true);
    }

    test("lets the owner of an application in, and out again", async () => {
      const svix = clientWith(ROOT_TOKEN);
      const uid = freshUid("portal");
      const { url, token } = await svix.authentication.appPortalAccess(uid, {
        application: { name: "New", uid },
        featureFlags: ["beta"],
        expiry: 3600,
        sessionId: "user_1",
      });
      expect(url).toStartWith(`${server.url}/portal/#key=`);
      const owner = clientWith(token);
      expect((await owner.application.get(uid)).name).toBe("New");
      const endpoint = await owner.endpoint.create(uid, { url: "https://example.com" });
      expect((await owner.endpoint.getSecret(uid, endpoint.id)).key).toStartWith("whsec_");
      await refused(403, owner.application.list());
      await refused(403, owner.message.create(uid, { eventType: "a", payload: {} }));
      await owner.authentication.logout();
      await refused(401, owner.application.get(uid));
    });

    test("lets somebody look and not touch", async () => {
      const svix = clientWith(ROOT_TOKEN);
      const { id } = await svix.application.create({ name: "a" });
      const readers = [
        await svix.authentication.appPortalAccess(id, { readOnly: true }),
        await svix.authentication.appPortalAccess(id, { capabilities: [AppPortalCapability.ViewBase] }),
      ];
      for (const { token } of readers) {
        expect((await clientWith(token).endpoint.list(id)).data).toEqual([]);
        await refused(403, clientWith(token).endpoint.create(id, { url: "https://example.com" }));
      }
    });

    test("ends the tokens of an application", async () => {
      const svix = clientWith(ROOT_TOKEN);
      const { id } = await svix.application.create({ name: "a" });
      const one = await svix.authentication.appPortalAccess(id, { sessionId: "one" });
      const two = await svix.authentication.appPortalAccess(id, { sessionId: "two" });
      await svix.authentication.expireAll(id, { sessionIds: ["one"] });
      await refused(401, clientWith(one.token).application.get(id));
      expect((await clientWith(two.token).application.get(id)).id).toBe(id);
      await svix.authentication.expireAll(id, { expiry: 0 });
      await refused(401, clientWith(two.token).application.get(id));
    });

    test("works with the JWTs that it had for a Svix server", async () => {
      const org = "org_23rb8YdGqMT0qIzpgGwdXfHirMu";
      const svix = clientWith(signJwt({ sub: org, iss: "svix-server", exp: 4_000_000_000 }, SECRET));
      const { id } = await svix.application.create({ name: "a" });
      const owner = clientWith(signJwt({ sub: id, org, exp: 4_000_000_000 }, SECRET));
      expect((await owner.application.get(id)).id).toBe(id);
      await refused(400, clientWith(signJwt({ sub: "user_1" }, SECRET)).application.list());
      await refused(404, clientWith(ROOT_TOKEN).application.get(id));
    });
  });
}

test("the Svix client 1.x gets access in its old form", async () => {
  const svix = new Svix1(ROOT_TOKEN, { serverUrl: server.url });
  const { id } = await svix.application.create({ name: "a" });
  const { token } = await svix.authentication.dashboardAccess(id);
  expect((await new Svix1(token, { serverUrl: server.url }).application.get(id)).id).toBe(id);
});
