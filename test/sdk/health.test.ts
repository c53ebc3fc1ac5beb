import { test } from "bun:test";
import { walk } from "./clients.ts";

walk("health", (sdk) => {
  test("is told that the server is well, with a token and without", async () => {
    await sdk.client().health.get();
    await sdk.client("nobody").health.get();
  });
});
