import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint } from "../support/delivery.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

/** A name in a path must not make a client send the request to another path. */

const DOTS = [".", ".."];

let server: TestServer;
let send: Send;
let app: string;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
  app = await makeApplication(send);
});
afterAll(() => server.stop());

describe("the names `.` and `..` are refused with 422", () => {
  const url = "http://example.com";
  const creations: [name: string, method: string, path: () => string, body: (dots: string) => object][] = [
    ["as the uid of an application", "POST", () => "/app", (uid) => ({ name: "a", uid })],
    ["as the new uid of an existing application", "PATCH", () => `/app/${app}`, (uid) => ({ uid })],
    ["as the uid of an endpoint", "POST", () => `/app/${app}/endpoint`, (uid) => ({ url, uid })],
    ["as the uid of an operational endpoint", "POST", () => "/operational-webhook/endpoint", (uid) => ({ url, uid })],
    ["as the name of an event type", "POST", () => "/event-type", (name) => ({ name, description: "" })],
    ["as the name of an environment", "POST", () => "/management/environment", (name) => ({ name })],
    ["as the name of a payload version", "POST", () => "/payload-version", (version) => ({ version })],
    ["as an eventId", "POST", () => `/app/${app}/msg`, (eventId) => ({ eventType: "a", payload: {}, eventId })],
  ];
  for (const [name, method, path, body] of creations)
    test(`the names \`.\` and \`..\` are refused ${name}`, async () => {
      for (const dots of DOTS) {
        const { status, text } = await send(method, path(), body(dots));
        expect([dots, status, text]).toEqual([dots, 422, expect.stringContaining("used in paths")]);
      }
    });

  test("the names `.` and `..` are refused as eventIds in a batch, and the other messages of the batch are accepted", async () => {
    const messages = DOTS.map((eventId) => ({ eventType: "a", payload: {}, eventId }));
    const { status, json } = await send("POST", `/app/${app}/msg/batch`, {
      messages: [...messages, { eventType: "a", payload: {} }],
    });
    expect(status).toBe(202);
    expect(json.data).toMatchObject([{ code: "validation_error" }, { code: "validation_error" }, { eventType: "a" }]);
  });

  test("the names `.` and `..` are refused as the environment of `token create`", async () => {
    for (const dots of DOTS) expect(server.createToken(`--environment=${dots}`)).rejects.toThrow("used in paths");
  });
});

describe("a path that ends with a slash", () => {
  test("a DELETE, PUT or PATCH of a path that ends with a slash returns 404 and changes nothing", async () => {
    const endpoint = await makeEndpoint(send, app, "http://example.com");
    for (const path of [`/app/${app}/`, `/app/${app}/endpoint/${endpoint}/`, "/event-type/a/", "/app/"]) {
      for (const method of ["DELETE", "PUT", "PATCH"]) {
        const body = method === "DELETE" ? undefined : { name: "changed", url: "http://example.com/changed" };
        const { status, json } = await send(method, path, body);
        expect([method, path, status, json.code]).toEqual([method, path, 404, "not_found"]);
      }
    }
    expect((await send("GET", `/app/${app}`)).json.name).not.toBe("changed");
    expect((await send("GET", `/app/${app}/endpoint/${endpoint}`)).status).toBe(200);
  });

  test("a trailing slash makes no difference to GET and POST", async () => {
    expect((await send("GET", `/app/${app}/`)).status).toBe(200);
    expect((await send("POST", `/app/${app}/msg/`, { eventType: "a", payload: {} })).status).toBe(202);
  });

  test("a DELETE of the endpoint `..` never deletes its application, even if the client resolves the path", async () => {
    for (const path of ["..", "%2e%2e", ".%2E", ".", "x/.."]) {
      expect((await rawDelete(`/api/v1/app/${app}/endpoint/${path}`)).slice(0, 12)).toBe("HTTP/1.1 404");
      expect((await send("DELETE", `/app/${app}/endpoint/${path}`)).status).toBe(404);
    }
    expect((await send("GET", `/app/${app}`)).status).toBe(200);
  });
});

test("an application and an endpoint that have the uid `..` from an earlier version can still be reached by their ids", async () => {
  const old = await startServer();
  try {
    const call = clientOf(old.url);
    const uids = [freshUid("app"), freshUid("ep")] as const;
    const made = await call("POST", "/app", { name: "a", uid: uids[0] });
    const endpoint = await call("POST", `/app/${uids[0]}/endpoint`, { url: "http://example.com", uid: uids[1] });
    await old.alterRows(`UPDATE application SET uid = '..' WHERE uid = '${uids[0]}'`);
    await old.alterRows(`UPDATE endpoint SET uid = '..' WHERE uid = '${uids[1]}'`);
    await old.restart();
    const path = `/app/${made.json.id}/endpoint/${endpoint.json.id}`;
    expect((await call("GET", path)).json).toMatchObject({ uid: ".." });
    expect((await call("PATCH", path, { description: "kept" })).status).toBe(200);
    expect((await call("DELETE", path)).status).toBe(204);
    expect((await call("PATCH", `/app/${made.json.id}`, { uid: "better" })).json).toMatchObject({ uid: "better" });
  } finally {
    await old.stop();
  }
});

/**
 * Sends a DELETE over a plain socket, because an HTTP client would normalise the path. Returns the
 * response.
 */
function rawDelete(path: string): Promise<string> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(Number(port), hostname, () =>
      socket.write(
        `DELETE ${path} HTTP/1.1\r\nhost: x.example\r\nauthorization: Bearer ${ROOT_TOKEN}\r\nconnection: close\r\n\r\n`,
      ),
    );
    socket.on("data", (data) => {
      answer += data;
    });
    socket.on("end", () => resolve(answer));
    socket.on("error", reject);
  });
}
