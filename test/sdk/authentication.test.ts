import { expect, test } from "bun:test";
import { AppPortalCapability } from "svix";
import { freshUid } from "../support/client.ts";
import { signJwt } from "../support/jwt.ts";
import { startServer } from "../support/server.ts";
import { sdkSuite } from "./clients.ts";

const SECRET = "secret-of-the-jwts";
const NEVER_S = 4_000_000_000;

sdkSuite(
  "authentication",
  (sdk) => {
    const newApplication = async () => (await sdk.client().application.create({ name: "App" })).id;

    test("portal access lets the owner of an application manage its endpoints until logout", async () => {
      const uid = freshUid("portal");
      const { url, token } = await sdk.client().authentication.appPortalAccess(uid, {
        application: { name: "New", uid },
        featureFlags: ["beta"],
        expiry: 3600,
        sessionId: "user_1",
      });
      expect(url).toStartWith(`${sdk.server.url}/portal/#key=`);
      const owner = sdk.client(token);
      expect((await owner.application.get(uid)).name).toBe("New");
      const endpoint = await owner.endpoint.create(uid, { url: "https://example.com" });
      expect((await owner.endpoint.getSecret(uid, endpoint.id)).key).toStartWith("whsec_");
      await sdk.refused(403, owner.application.list());
      await sdk.refused(403, owner.message.create(uid, { eventType: "a", payload: {} }));
      await sdk.refused(404, owner.application.get(await newApplication()));
      await owner.authentication.logout();
      await sdk.refused(401, owner.application.get(uid));
    });

    test("read-only portal access allows reading but not creating endpoints", async () => {
      const { authentication } = sdk.client();
      const app = await newApplication();
      const readers = [
        await authentication.appPortalAccess(app, { readOnly: true }),
        await authentication.appPortalAccess(app, { capabilities: [AppPortalCapability.ViewBase] }),
      ];
      for (const { token } of readers) {
        expect((await sdk.client(token).endpoint.list(app)).data).toEqual([]);
        await sdk.refused(403, sdk.client(token).endpoint.create(app, { url: "https://example.com" }));
      }
    });

    test("expireAll revokes the tokens of one session or of the whole application", async () => {
      const { authentication } = sdk.client();
      const app = await newApplication();
      const one = await authentication.appPortalAccess(app, { sessionId: "one" });
      const two = await authentication.appPortalAccess(app, { sessionId: "two" });
      await authentication.expireAll(app, { sessionIds: ["one"] });
      await sdk.refused(401, sdk.client(one.token).application.get(app));
      expect((await sdk.client(two.token).application.get(app)).id).toBe(app);
      await authentication.expireAll(app, { expiry: 0 });
      await sdk.refused(401, sdk.client(two.token).application.get(app));
    });

    test("JWTs that were issued for a Svix server are accepted", async () => {
      const org = "org_23rb8YdGqMT0qIzpgGwdXfHirMu";
      const svix = sdk.client(signJwt({ sub: org, iss: "svix-server", exp: NEVER_S }, SECRET));
      const { id } = await svix.application.create({ name: "App" });
      const owner = sdk.client(signJwt({ sub: id, org, exp: NEVER_S }, SECRET));
      expect((await owner.application.get(id)).id).toBe(id);
      await sdk.refused(400, sdk.client(signJwt({ sub: "user_1" }, SECRET)).application.list());
      await sdk.refused(404, sdk.client().application.get(id));
    });

    test("tokens of different environments do not share applications", async () => {
      const [here, there] = [await sdk.freshEnvironment(), await sdk.freshEnvironment()];
      const uid = freshUid("app");
      const made = await sdk.client(here).application.create({ name: "Here", uid });
      await sdk.refused(404, sdk.client(there).application.get(uid));
      await sdk.refused(404, sdk.client(there).application.get(made.id));
      expect((await sdk.client(there).application.create({ name: "There", uid })).id).not.toBe(made.id);
    });

    if (sdk.version === "1.x") {
      test("dashboardAccess, the deprecated form of portal access, still works", async () => {
        const app = await newApplication();
        const { token } = await sdk.client1().authentication.dashboardAccess(app);
        expect((await sdk.client(token).application.get(app)).id).toBe(app);
      });
    }
  },
  () => startServer(["--retry-schedule="], { BOATHOOK_JWT_SECRET: SECRET }),
);
