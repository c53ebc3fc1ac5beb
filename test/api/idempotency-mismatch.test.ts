import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

const HEADER = "boathook-idempotency";
const message = (n: number) => ({ eventType: "a", payload: { n } });

let server: TestServer;
let send: Send;
let app: string;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
  app = await makeApplication(send);
});
afterAll(() => server.stop());

function poster(to: () => Send) {
  return (path: string, body: unknown, key: string, headers: Record<string, string> = {}) =>
    to()("POST", path, body, { headers: { "idempotency-key": key, ...headers } });
}
const post = poster(() => send);

async function mismatches(): Promise<number> {
  const { text } = await send("GET", "/api/../metrics");
  return Number(/^boathook_idempotency_mismatch_total (\d+)$/m.exec(text)?.[1]);
}

describe("a used idempotency key with a different body", () => {
  test("a POST with a used idempotency key and a different body returns the first response with a header, and a metric counts the mismatch", async () => {
    const endpoint = (await send("POST", `/app/${app}/endpoint`, { url: "https://example.com" })).json.id;
    const cases: [path: string, first: unknown, other: unknown][] = [
      [`/app/${app}/msg`, message(1), message(2)],
      [`/app/${app}/msg`, message(1), "{not json"],
      [`/app/${app}/msg`, message(1), undefined],
      [`/app/${app}/msg?with_content=false`, message(1), message(2)],
      [`/app/${app}/msg/batch`, { messages: [message(1)] }, { messages: [message(2)] }],
      ["/app", { name: "a" }, { name: "b" }],
      ["/event-type", { name: freshUid("type"), description: "" }, { name: "b", description: "" }],
      [`/app/${app}/endpoint/${endpoint}/secret/rotate`, {}, { gracePeriodSeconds: 1 }],
      ["/environment/export", undefined, "{}"],
    ];
    for (const [path, first, other] of cases) {
      const key = freshUid("key");
      const before = await mismatches();
      const made = await post(path, first, key);
      expect([path, Math.floor(made.status / 100), made.headers.get(HEADER)]).toEqual([path, 2, null]);
      const same = await post(path, first, key);
      expect([path, same.status, same.text, same.headers.get(HEADER)]).toEqual([path, made.status, made.text, null]);
      const again = await post(path, other, key);
      expect([path, again.status, again.text]).toEqual([path, made.status, made.text]);
      expect([path, again.headers.get(HEADER)]).toEqual([path, "body-differs"]);
      expect(again.headers.get("access-control-expose-headers")).toBe("*");
      expect(await mismatches()).toBe(before + 1);
    }
  });

  test("bodies differ if their content type or their white space differs", async () => {
    const key = freshUid("key");
    const text = JSON.stringify(message(1));
    const json = { "content-type": "application/json" };
    await post(`/app/${app}/msg`, text, key, json);
    expect((await post(`/app/${app}/msg`, text, key, json)).headers.get(HEADER)).toBeNull();
    expect((await post(`/app/${app}/msg`, text, key, { "content-type": "text/plain" })).headers.get(HEADER)).toBe(
      "body-differs",
    );
    expect((await post(`/app/${app}/msg`, ` ${text}`, key, json)).headers.get(HEADER)).toBe("body-differs");
  });

  test("when concurrent calls share an idempotency key but have two bodies, only calls whose body was not used get the header", async () => {
    for (const path of [`/app/${app}/msg`, "/app"]) {
      const key = freshUid("key");
      const bodyOf = (n: number) => (path === "/app" ? { name: `name ${n}` } : message(n));
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => post(path, bodyOf(i % 2), key)));
      expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
      const winner = answers[0]!.json.payload?.n ?? Number(answers[0]!.json.name.at(-1));
      expect(answers.map(({ headers }) => headers.get(HEADER))).toEqual(
        answers.map((_, i) => (i % 2 === winner ? null : "body-differs")),
      );
    }
  });

  test("the body is still compared after a kill and a restart, except for keys that an earlier version stored", async () => {
    const [key, old] = [freshUid("key"), freshUid("key")];
    const first = await post("/app", { name: "a" }, old);
    await server.alterRows("UPDATE idempotency SET body_hash = NULL");
    await post(`/app/${app}/msg`, message(1), key);
    await server.restart();
    expect((await post(`/app/${app}/msg`, message(2), key)).headers.get(HEADER)).toBe("body-differs");
    const again = await post("/app", { name: "b" }, old);
    expect([again.text, again.headers.get(HEADER)]).toEqual([first.text, null]);
  });
});

describe("idempotency-mismatch=reject", () => {
  let strict: TestServer;
  const postThere = poster(() => clientOf(strict.url));
  beforeAll(async () => {
    strict = await startServer(["--idempotency-mismatch=reject"]);
  });
  afterAll(() => strict.stop());

  test("a request with a different body returns 422, and one with the same body still returns the first response", async () => {
    const there = await makeApplication(clientOf(strict.url));
    for (const [path, first, other] of [
      [`/app/${there}/msg`, message(1), message(2)],
      [`/app/${there}/msg`, message(1), "{not json"],
      ["/app", { name: "a" }, { name: "b" }],
    ] as const) {
      const key = freshUid("key");
      const made = await postThere(path, first, key);
      const refused = await postThere(path, other, key);
      expect([path, refused.status, refused.json.code]).toEqual([path, 422, "idempotency_mismatch"]);
      expect((await postThere(path, first, key)).text).toBe(made.text);
    }
    expect((await clientOf(strict.url)("GET", `/app/${there}/msg`)).json.data).toHaveLength(2);
  });

  test("when two concurrent calls have different bodies, one succeeds and the other returns 422", async () => {
    for (let round = 0; round < 5; round++) {
      const key = freshUid("key");
      const answers = await Promise.all([1, 2].map((n) => postThere("/app", { name: `name ${n}` }, key)));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 422]);
    }
  });
});
