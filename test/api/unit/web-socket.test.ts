import { expect, test } from "bun:test";
import { upgradeOn } from "../../../src/api/http/web-socket.ts";
import { Problem } from "../../../src/core/problem.ts";

test("a request of a former listener cannot be upgraded, and its client is asked to connect again", async () => {
  const websocket = { message: () => {} };
  using current = Bun.serve({ hostname: "127.0.0.1", port: 0, websocket, fetch: () => new Response(null) });
  const events = { open: () => {}, message: () => {}, drain: () => {}, close: () => {} };
  using former = Bun.serve({
    ...{ hostname: "127.0.0.1", port: 0, websocket },
    fetch(request) {
      try {
        return new Response(String(upgradeOn(current as never, request, events)));
      } catch (error) {
        return new Response(error instanceof Problem ? `${error.status} ${error.code}` : String(error));
      }
    },
  });
  const headers = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  const response = await fetch(`http://127.0.0.1:${former.port}/`, { headers });
  expect(await response.text()).toBe("503 unavailable");
});
