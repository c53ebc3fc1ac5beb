import { expect, test } from "bun:test";
import { sdkSuite } from "./clients.ts";

sdkSuite("health", (sdk) => {
  test("the health check succeeds with any token", async () => {
    await sdk.client().health.get();
    await sdk.client("nobody").health.get();
  });

  test("the health check returns no body to the SDKs and a report to other clients", async () => {
    const url = `${sdk.server.url}/api/v1/health`;
    const asked = (userAgent: string) => fetch(url, { headers: { "user-agent": userAgent } });
    expect((await asked("svix-libs/1.99.1/java")).status).toBe(204);
    expect(await (await asked("curl/8.9")).json()).toMatchObject({ status: "ok", store: "ok" });
  });
});
