import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { auditLog } from "../support/audit.ts";
import { type Answer, clientOf, freshUid, type Send } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const path = "/management/environment";

async function make(name = freshUid("environment")): Promise<{ id: string; name: string }> {
  const { status, json } = await send("POST", path, { name, type: "development" });
  expect(status).toBe(201);
  return json;
}

/** Returns a client that names an environment in the header. */
const within =
  (environment: string): Send =>
  (method, where, body) =>
    send(method, where, body, { headers: { "boathook-environment": environment } });

describe("environments", () => {
  test("environments are created, read and renamed with the fields of the Svix API", async () => {
    const name = freshUid("My environment");
    const { status, json } = await send("POST", path, { name, type: "production", unknown: true });
    expect(status).toBe(201);
    expect(json).toEqual({
      id: expect.stringMatching(/^org_[A-Za-z0-9]{27}$/),
      name,
      type: "production",
      region: "self-hosted",
      pausedAt: null,
      createdAt: expect.any(String),
      updatedAt: json.createdAt,
    });
    expect((await send("GET", `${path}/${json.id}`)).json).toEqual(json);

    const renamed = await send("PUT", `${path}/${json.id}`, { name: `${name} 2` });
    expect(renamed.status).toBe(200);
    expect(renamed.json).toEqual({ ...json, name: `${name} 2`, updatedAt: expect.any(String) });
    expect((await send("PUT", `${path}/${json.id}`, { name: `${name} 2` })).status).toBe(200);
  });

  test("environments are listed in pages, in the order of their creation", async () => {
    const names = [await make(), await make()].map(({ name }) => name);
    const all = (await send("GET", `${path}?limit=250`)).json;
    expect(all.data.map(({ name }: { name: string }) => name).slice(-2)).toEqual(names);
    expect(all.data[0].name).toBe("default");
    expect(all.done).toBe(true);

    const first = (await send("GET", `${path}?limit=1&order=descending`)).json;
    expect([first.data[0].name, first.done]).toEqual([names[1], false]);
    const second = (await send("GET", `${path}?limit=1&order=descending&iterator=${first.iterator}`)).json;
    expect(second.data[0].name).toBe(names[0]);
  });

  test("environments do not share applications or event types, even if two applications have the same uid", async () => {
    const [one, other] = [within((await make()).id), within((await make()).name)];
    const uid = freshUid("app");
    const apps = await Promise.all([one, other].map((into) => into("POST", "/app", { name: "a", uid })));
    expect(apps.map(({ status }) => status)).toEqual([201, 201]);
    expect((await one("GET", `/app/${uid}`)).json.id).toBe(apps[0]!.json.id);
    expect((await one("GET", `/app/${apps[1]!.json.id}`)).status).toBe(404);
    await one("POST", "/event-type", { name: "only.here", description: "" });
    expect((await other("GET", "/event-type/only.here")).status).toBe(404);
  });

  test("two environments never get the same name, even through concurrent calls", async () => {
    const { name, id } = await make();
    for (const answer of await Promise.all([1, 2].map(() => send("POST", path, { name, type: "production" })))) {
      expect([answer.status, answer.json.code]).toEqual([409, "conflict"]);
    }
    expect((await send("PUT", `${path}/${(await make()).id}`, { name })).status).toBe(409);
    expect((await send("GET", `${path}/${id}`)).json.name).toBe(name);
    const twins = freshUid("twins");
    const made = await Promise.all([1, 2, 3].map(() => send("POST", path, { name: twins, type: "development" })));
    expect(made.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  });

  test("an environment can be renamed only to a name that is a valid header value, and is found by that value", async () => {
    const { name, id } = await make();
    for (const wrong of ["é", " a", "a ", "a\u007f"]) {
      expect((await send("PUT", `${path}/${id}`, { name: wrong })).status).toBe(422);
    }
    expect((await within(name)("GET", "/app")).status).toBe(200);
    for (const right of [`${name} two`, `${name}~!"#$%&'()*+,/:;<=>?@[\\]^\`{|}`]) {
      expect((await send("PUT", `${path}/${id}`, { name: right })).status).toBe(200);
      expect((await within(right)("GET", "/app")).status).toBe(200);
    }
  });

  test("a renamed environment is found immediately by its new name and no longer by its old name", async () => {
    const { name, id } = await make();
    expect((await within(name)("GET", "/app")).status).toBe(200);
    await send("PUT", `${path}/${id}`, { name: `${name}-new` });
    expect((await within(`${name}-new`)("GET", "/app")).status).toBe(200);
    expect((await within(id)("GET", "/app")).status).toBe(200);
    expect((await within(name)("GET", "/app")).status).toBe(404);
  });

  test("deleting an environment deletes its contents and tokens and frees its name", async () => {
    const { name, id } = await make();
    const into = within(id);
    const { json: app } = await into("POST", "/app", { name: "a", uid: "a" });
    await into("POST", "/app/a/endpoint", { url: "https://192.0.2.1", uid: "e" });
    await into("POST", "/operational-webhook/endpoint", { url: "https://192.0.2.1", description: "" });
    const token = await server.createToken("--environment", name);
    const appToken = await server.createToken("--environment", name, "--app", "a");
    expect((await send("GET", "/app", undefined, { token })).status).toBe(200);

    expect((await send("DELETE", `${path}/${id}`)).status).toBe(204);
    expect((await send("GET", `${path}/${id}`)).status).toBe(404);
    expect((await send("DELETE", `${path}/${id}`)).status).toBe(404);
    expect((await into("GET", "/app")).status).toBe(404);
    expect((await send("GET", "/app", undefined, { token })).status).toBe(401);
    expect((await send("GET", "/event-type", undefined, { token: appToken })).status).toBe(401);

    await make(name);
    expect((await within(name)("GET", `/app/${app.id}`)).status).toBe(404);
    expect((await within(name)("POST", "/app", { name: "a", uid: "a" })).status).toBe(201);
  });

  test("renaming or deleting the default environment returns 409", async () => {
    for (const id of ["default", (await send("GET", `${path}/default`)).json.id]) {
      expect((await send("PUT", `${path}/${id}`, { name: "other" })).status).toBe(409);
      expect((await send("DELETE", `${path}/${id}`)).status).toBe(409);
    }
    expect((await send("GET", "/app")).status).toBe(200);
  });

  const bodies: [string, unknown][] = [
    ["no body", ""],
    ["an array as the body", []],
    ["no name", { type: "development" }],
    ["no type", { name: "a" }],
    ["null values", { name: null, type: null }],
    ["a name that is a number", { name: 1, type: "development" }],
    ["an unknown type", { name: "a", type: "staging" }],
    ["an empty name", { name: "", type: "development" }],
    ["a name of 256 characters", { name: "a".repeat(256), type: "development" }],
    ["a name that looks like an id", { name: "org_23rb8YdGqMT0qIzpgGwdXfHirMu", type: "development" }],
    ["a control character in the name", { name: "a\nb", type: "development" }],
    ["a control character at the end of the name", { name: "a\n", type: "development" }],
    ["a non-ASCII character in the name", { name: "é", type: "development" }],
    ["a name that begins with a space", { name: " a", type: "development" }],
    ["a name that ends with a space", { name: "a ", type: "development" }],
    ["a name of one space", { name: " ", type: "development" }],
  ];
  for (const [what, body] of bodies) {
    test(`creating an environment with ${what} returns 422`, async () => {
      const { status, json } = await send("POST", path, body);
      expect([status, json.detail[0].loc[0]]).toEqual([422, "body"]);
    });
  }

  test("managing environments without the root token returns 403, even with an unknown id or an invalid body", async () => {
    const { name, id } = await make();
    await within(id)("POST", "/app", { name: "a", uid: "a" });
    const tokens = [
      await server.createToken("--environment", name),
      await server.createToken("--environment", name, "--app", "a"),
    ];
    const calls: [string, string, unknown?][] = [
      ["GET", path],
      ["POST", path, "not even json"],
      ["GET", `${path}/${id}`],
      ["PUT", `${path}/nope`, {}],
      ["DELETE", `${path}/${id}`],
    ];
    for (const token of tokens) {
      for (const [method, where, body] of calls) {
        const { status, json } = await send(method, where, body, { token });
        expect([where, status, json.code]).toEqual([where, 403, "insufficient_access"]);
      }
    }
  });

  test("the audit log records the creation, renaming and deletion of an environment", async () => {
    const { id } = await make();
    await send("PUT", `${path}/${id}`, { name: freshUid() });
    await send("DELETE", `${path}/${id}`);
    const entries = (await auditLog(send)).filter(({ subject }) => subject.environmentId === id);
    expect(entries.map(({ action }) => action)).toEqual([
      "v1.management.environment.delete",
      "v1.management.environment.update",
      "v1.management.environment.create",
    ]);
  });
});

describe("bearer tokens of the form token|environment", () => {
  const ask = (token: string, headers = {}): Promise<Answer> =>
    send("GET", "/event-type", undefined, { token, headers });

  test("in the form token|environment, the environment after the root token takes precedence over the header", async () => {
    const { id, name } = await make();
    await within(id)("POST", "/event-type", { name: "of.it", description: "" });
    const { ROOT_TOKEN } = await import("../support/server.ts");
    for (const environment of [id, name]) {
      const { json } = await ask(`${ROOT_TOKEN}|${environment}`, { "boathook-environment": "default" });
      expect(json.data.map((type: { name: string }) => type.name)).toEqual(["of.it"]);
    }
    expect((await ask(`${ROOT_TOKEN}|nope`)).status).toBe(404);
    expect((await ask(`${ROOT_TOKEN}|`)).status).toBe(404);
    expect((await ask(`wrong|${id}`)).status).toBe(401);
    expect((await ask(`|${id}`)).status).toBe(401);
  });

  test("an environment token in the form token|environment is accepted only with its own environment", async () => {
    const { id, name } = await make();
    const other = await make();
    const token = await server.createToken("--environment", name);
    expect((await ask(`${token}|${id}`)).status).toBe(200);
    expect((await ask(`${token}|${name}`)).status).toBe(200);
    expect((await ask(`${token}|${other.id}`)).status).toBe(404);
    expect((await ask(`${token}|default`)).status).toBe(404);
    expect((await ask(`${token}|nope`)).status).toBe(404);
  });
});
