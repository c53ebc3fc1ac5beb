import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, type Send } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

function deliver(
  token: string,
  body: string | Uint8Array<ArrayBuffer>,
  query = "",
  headers: Record<string, string> = {},
) {
  return fetch(`${server.url}/inbox/${token}${query}`, { method: "POST", body, headers });
}

describe("inboxes", () => {
  test("an inbox lists its requests newest first", async () => {
    const token = freshUid("inbox");
    await deliver(token, "one", "", { "webhook-id": "msg_1", "x-a": "b" });
    await fetch(`${server.url}/inbox/${token}?a=b`, { method: "PUT", body: "two" });
    const { status, json } = await send("GET", `/inbox/${token}`);
    expect(status).toBe(200);
    expect(json.data).toHaveLength(2);
    expect(json.data[0]).toMatchObject({ method: "PUT", path: `/inbox/${token}?a=b`, body: "two", messageId: null });
    expect(json.data[1]).toMatchObject({ method: "POST", body: "one", messageId: "msg_1", status: 200 });
    expect(json.data[1].headers["x-a"]).toBe("b");
    expect(json.data[1].receivedAt).toMatch(/Z$/);
  });

  test("an inbox accepts requests of every method without a token, but reading it requires a token", async () => {
    const token = freshUid("inbox");
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      expect((await fetch(`${server.url}/inbox/${token}/`, { method })).status).toBe(200);
    }
    expect((await send("GET", `/inbox/${token}`)).json.data).toHaveLength(5);
    expect((await send("GET", `/inbox/${token}`, undefined, { token: null })).status).toBe(401);
  });

  test("an inbox responds with the requested status", async () => {
    const token = freshUid("inbox");
    for (const status of [201, 204, 302, 304, 404, 410, 500, 599]) {
      const answer = await fetch(`${server.url}/inbox/${token}?status=${status}`, {
        method: "POST",
        redirect: "manual",
      });
      expect(answer.status).toBe(status);
    }
    expect((await send("GET", `/inbox/${token}`)).json.data[0].status).toBe(599);
  });

  test("an inbox delays its response by the requested time", async () => {
    const token = freshUid("inbox");
    const answer = deliver(token, "x", "?delay=300ms").then(() => "answered");
    const received = async () => {
      while ((await send("GET", `/inbox/${token}`)).json.data.length === 0);
      return "received";
    };
    expect(await Promise.race([answer, received()])).toBe("received");
    expect(await answer).toBe("answered");
  });

  test("a request to an inbox with an invalid status or delay returns 4xx", async () => {
    for (const query of ["?status=100", "?status=600", "?delay=61s", "?delay=x", "?delay=1d"]) {
      expect((await deliver(freshUid("inbox"), "x", query)).status).toBe(422);
    }
    expect((await deliver(freshUid("inbox"), "x", "?status=abc")).status).toBe(400);
  });

  test("an inbox token must consist of 8 to 64 letters, digits, hyphens and underscores", async () => {
    for (const token of ["short", "x".repeat(65), "with.a.dot.in.it", "with%20space-in-it"]) {
      expect((await deliver(token, "x")).status).toBe(404);
      expect((await send("GET", `/inbox/${token}`)).status).toBe(422);
    }
    expect((await send("GET", "/inbox/nothing-came-here")).json).toEqual({ data: [] });
  });

  test("an inbox keeps the last hundred requests and up to 64 KiB of each body", async () => {
    const token = freshUid("inbox");
    for (let i = 0; i < 105; i++) await deliver(token, String(i));
    const { data } = (await send("GET", `/inbox/${token}`)).json;
    expect(data).toHaveLength(100);
    expect([data[0].body, data[99].body]).toEqual(["104", "5"]);
    await deliver(token, "x".repeat(100_000));
    expect((await send("GET", `/inbox/${token}`)).json.data[0].body).toHaveLength(64 * 1024);
    expect((await deliver(token, new Uint8Array([0xff, 0xfe, 0x00]))).status).toBe(200);
  });
});
