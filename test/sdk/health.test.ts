import { expect, test } from "bun:test";
import { walk } from "./clients.ts";

walk("health", (sdk) => {
  test("is told that the server is well, with a token and without", async () => {
    await sdk.client().health.get();
    await sdk.client("nobody").health.get();
  });

  test("comes without a body, which some SDKs would take for an error; others are told more", async () => {
    const url = `${sdk.server.url}/api/v1/health`;
    const asked = (userAgent: string) => fetch(url, { headers: { "user-agent": userAgent } });
    expect((await asked("svix-libs/1.99.1/java")).status).toBe(204);
    expect(await (await asked("curl/8.9")).json()).toMatchObject({ status: "ok", database: { status: "ok" } });
  });
});
