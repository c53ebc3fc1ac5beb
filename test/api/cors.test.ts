import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const ORIGIN = { origin: "https://app.example.com" };

function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Response> {
  return fetch(server.url + path, {
    method,
    headers: { ...ORIGIN, ...headers },
    ...(body !== undefined && { body }),
    redirect: "manual",
  });
}

const preflight = (path: string) =>
  ask("OPTIONS", path, {
    "access-control-request-method": "PATCH",
    "access-control-request-headers": "authorization,content-type,svix-req-id",
  });

const open = [
  "/api/v1/app",
  "/api/v1/app/x/endpoint/y/headers",
  "/api/v1/app/",
  "/api/v1/nothing",
  "/api/v1/auth/logout?a=b",
  "/inbox/some-inbox-token",
  "/metrics",
  "/docs/json",
];
const own = [
  "/",
  "/ui",
  "/ui/",
  "/ui/app.js",
  "/docs",
  "/docs/init.js",
  "/portal/",
  "/apix",
  "/ui/api/v1/app",
  "/metricsx",
];

describe("CORS", () => {
  for (const path of open) {
    test(`a preflight request for ${path} is allowed from any origin`, async () => {
      const { status, headers } = await preflight(path);
      expect(status).toBe(204);
      expect(headers.get("access-control-allow-origin")).toBe("*");
      expect(headers.get("access-control-allow-methods")).toContain("PATCH");
      expect(headers.get("access-control-allow-headers")).toBe("authorization,content-type,svix-req-id");
      expect(headers.get("access-control-max-age")).toBe("600");
    });
  }

  for (const path of own) {
    test(`a preflight request for ${path} is rejected`, async () => {
      const answer = await preflight(path);
      expect([404, 405]).toContain(answer.status);
      expect(answer.headers.get("access-control-allow-methods")).toBeNull();
    });
  }

  test("every API response allows any origin, including errors and streams", async () => {
    const token = { authorization: `Bearer ${ROOT_TOKEN}` };
    const answers = [
      await ask("GET", "/api/v1/app", token),
      await ask("POST", "/api/v1/app", token, "{}"),
      await ask("DELETE", "/api/v1/app/nope", token),
      await ask("GET", "/api/v1/app"),
      await ask("GET", "/api/v1/nothing", token),
      await ask("PUT", "/api/v1/health", token),
      await ask("GET", "/api/v1/health/ping"),
      await ask("GET", "/metrics"),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 422, 404, 401, 404, 405, 204, 200]);
    for (const { headers } of answers) expect(headers.get("access-control-allow-origin")).toBe("*");
    const stream = await ask("GET", "/api/v1/live", token);
    expect(stream.headers.get("access-control-allow-origin")).toBe("*");
    await stream.body?.cancel();
  });

  test("no response allows credentials or sets cookies, and other origins cannot read pages", async () => {
    for (const path of [...open, ...own]) {
      for (const method of ["GET", "OPTIONS"]) {
        const { headers } = await ask(method, path);
        expect(headers.get("access-control-allow-credentials")).toBeNull();
        expect(headers.get("set-cookie")).toBeNull();
      }
    }
    for (const path of ["/ui/", "/ui/app.js", "/docs", "/"]) {
      expect((await ask("GET", path)).headers.get("access-control-allow-origin")).toBeNull();
    }
  });
});
