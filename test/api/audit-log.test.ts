import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type AuditEntryOut, auditLog } from "../support/audit.ts";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

/** Runs `work` and returns the audit entries that were added, oldest first. */
async function entriesAddedBy(work: () => Promise<unknown>): Promise<AuditEntryOut[]> {
  const [before] = await auditLog(send, {}, 1);
  await work();
  const entries = await auditLog(send);
  const end = entries.findIndex(({ id }) => id === before?.id);
  return entries.slice(0, end < 0 ? undefined : end).reverse();
}

describe("the audit log", () => {
  test("the audit log records every change to an application or its endpoints with their ids", async () => {
    const uid = freshUid("app");
    let app = "";
    let endpoint = "";
    const calls: [action: string, method: string, path: string, body?: unknown][] = [
      ["v1.endpoint.update", "PUT", `/app/${uid}/endpoint/e`, { url: "https://example.com" }],
      ["v1.endpoint.patch", "PATCH", `/app/${uid}/endpoint/e`, { description: "new" }],
      ["v1.endpoint.update-headers", "PUT", `/app/${uid}/endpoint/e/headers`, { headers: { "X-Key": "hunter2" } }],
      ["v1.endpoint.patch-headers", "PATCH", `/app/${uid}/endpoint/e/headers`, { headers: { "X-Key": null } }],
      ["v1.endpoint.rotate-secret", "POST", `/app/${uid}/endpoint/e/secret/rotate`, {}],
      ["v1.endpoint.delete", "DELETE", `/app/${uid}/endpoint/e`],
    ];
    const entries = await entriesAddedBy(async () => {
      app = (await send("POST", "/app", { name: "a", uid })).json.id;
      endpoint = (await send("POST", `/app/${uid}/endpoint`, { url: "https://example.com", uid: "e" })).json.id;
      for (const [, method, path, body] of calls) expect((await send(method, path, body)).status).toBeLessThan(300);
      await send("PATCH", `/app/${uid}`, { name: "b" });
      await send("PUT", `/app/${uid}`, { name: "c" });
      await send("DELETE", `/app/${uid}`);
    });
    const ofApplication = { subject: { appId: app }, outcome: "done", actor: { type: "root", id: null, name: null } };
    const ofEndpoint = { ...ofApplication, subject: { appId: app, endpointId: endpoint } };
    expect(entries).toEqual(
      [
        { action: "v1.application.create", ...ofApplication },
        { action: "v1.endpoint.create", ...ofEndpoint },
        ...calls.map(([action]) => ({ action, ...ofEndpoint })),
        { action: "v1.application.patch", ...ofApplication },
        { action: "v1.application.update", ...ofApplication },
        { action: "v1.application.delete", ...ofApplication },
      ].map((entry) => ({
        id: expect.stringMatching(/^audit_/),
        timestamp: expect.any(String),
        targets: expect.any(Object),
        ...entry,
      })),
    );
    expect(JSON.stringify(entries)).not.toContain("hunter2");
  });

  test("the audit log records changes to event types with their names", async () => {
    const name = freshUid("type");
    const entries = await entriesAddedBy(async () => {
      await send("POST", "/event-type", { name, description: "" });
      await send("PATCH", `/event-type/${name}`, { deprecated: true });
      await send("DELETE", `/event-type/${name}`);
    });
    expect(entries.map(({ action, subject }) => [action, subject])).toEqual(
      ["create", "patch", "delete"].map((what) => [`v1.event-type.${what}`, { eventTypeName: name }]),
    );
  });

  test("the audit entry of a PUT that creates an application contains the new id", async () => {
    const uid = freshUid("put");
    let id = "";
    const [entry] = await entriesAddedBy(async () => {
      id = (await send("PUT", `/app/${uid}`, { name: "a" })).json.id;
    });
    expect(entry).toMatchObject({ action: "v1.application.update", subject: { appId: id } });
  });

  test("the audit log records no reads, no messages, and no calls that are refused or change nothing", async () => {
    const uid = await makeApplication(send);
    const entries = await entriesAddedBy(async () => {
      await send("GET", `/app/${uid}`);
      await send("POST", "/app", { name: "a", uid });
      await send("POST", "/app?get_if_exists=true", { name: "a", uid });
      await send("POST", "/app", {});
      await send("PATCH", "/app/nope", {});
      await send("DELETE", `/app/${uid}/endpoint/nope`);
      await send("POST", `/app/${uid}/msg`, { eventType: "a", payload: {} });
      await send("POST", `/app/${uid}/msg/batch`, { messages: [{ eventType: "a", payload: {} }] });
      await send("POST", "/dead-letter/redrive", { filter: { all: true }, dryRun: true });
    });
    expect(entries).toEqual([]);
  });

  test("the audit log does not record a PATCH after which a record is as before, also with secrets", async () => {
    const app = await makeApplication(send);
    const code = "function handler(webhook) { return webhook; }";
    const endpoint = {
      ...{ url: "https://u:secret@example.com/", headers: { "X-Key": "hunter2" } },
      transformation: { code, enabled: true, variables: { a: "b" } },
    };
    const { json } = await send("POST", `/app/${app}/endpoint`, endpoint);
    const source = { name: "Shop", type: "stripe", config: { secret: "whsec_x" } };
    const made = (await send("POST", "/ingest/api/v1/source", source)).json;
    const path = `/app/${app}/endpoint/${json.id}`;
    const change = (token: string) =>
      entriesAddedBy(async () => {
        const url = `https://u:${token}@example.com/`;
        expect((await send("PATCH", path, { url })).status).toBe(200);
        expect((await send("PATCH", `${path}/headers`, { headers: { "X-Key": token } })).status).toBe(204);
        expect((await send("PATCH", `${path}/transformation`, { variables: { a: token } })).status).toBe(204);
        const config = { secret: token };
        expect((await send("PATCH", `/ingest/api/v1/source/${made.id}`, { config })).status).toBe(200);
      });
    expect(await change("another")).toHaveLength(4);
    expect(await change("another")).toEqual([]);
  });

  test("the audit log records only one creation when concurrent messages create an application", async () => {
    const uid = freshUid("brought");
    const body = { eventType: "a", payload: {}, application: { name: "a", uid } };
    const entries = await entriesAddedBy(async () => {
      const answers = await Promise.all([1, 2, 3].map(() => send("POST", `/app/${uid}/msg`, body)));
      expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    });
    const { id } = (await send("GET", `/app/${uid}`)).json;
    expect(entries.map(({ action, subject }) => [action, subject])).toEqual([["v1.application.create", { appId: id }]]);
  });

  test("the audit log records a call only once if the call is repeated with its idempotency key", async () => {
    const headers = { "idempotency-key": freshUid("key") };
    const entries = await entriesAddedBy(async () => {
      for (let i = 0; i < 3; i++) expect((await send("POST", "/app", { name: "a" }, { headers })).status).toBe(201);
    });
    expect(entries).toHaveLength(1);
  });

  test("the audit log identifies tokens by id and name, and also records changes made on the command line", async () => {
    const uid = await makeApplication(send);
    const entries = await entriesAddedBy(async () => {
      const token = await server.createToken("--name", "deployer", "--app", uid);
      await send("POST", `/app/${uid}/endpoint`, { url: "https://example.com" }, { token });
      const id = /tok_[A-Za-z0-9]{27}/.exec((await server.run("token", "list")).split("\n").at(-1) ?? "")?.[0];
      await server.run("token", "revoke", String(id));
    });
    const appId = (await send("GET", `/app/${uid}`)).json.id;
    const tokenId = entries[0]!.subject.tokenId!;
    expect(entries.map(({ actor, action, subject }) => ({ actor, action, subject }))).toEqual([
      { actor: { type: "command", id: null, name: null }, action: "token.create", subject: { appId, tokenId } },
      {
        actor: { type: "token", id: tokenId, name: "deployer" },
        action: "v1.endpoint.create",
        subject: { appId, endpointId: expect.stringMatching(/^ep_/) },
      },
      { actor: { type: "command", id: null, name: null }, action: "token.revoke", subject: { appId, tokenId } },
    ]);
  });

  test("each environment has a separate audit log, and reading it returns 403 to an application token", async () => {
    const environment = freshUid("env");
    const token = await server.createToken("--environment", environment);
    await send("POST", "/app", { name: "a", uid: "a" }, { token });
    const theirs = await auditLog((method, path) => send(method, path, undefined, { token }));
    expect(theirs.map(({ action }) => action)).toEqual(["v1.application.create", "token.create"]);
    const ids = (await auditLog(send)).map(({ id }) => id);
    for (const { id } of theirs) expect(ids).not.toContain(id);
    const application = await server.createToken("--environment", environment, "--app", "a");
    expect((await send("GET", "/audit-log", undefined, { token: application })).status).toBe(403);
  });

  test("the audit log is listed newest first and can be paged in both directions and filtered by time", async () => {
    const between: string[] = [];
    const entries = await entriesAddedBy(async () => {
      for (let i = 0; i < 4; i++) {
        await makeApplication(send);
        // Times have a resolution of 1 ms, and the bounds are exclusive.
        await Bun.sleep(2);
        between.push(new Date().toISOString());
        await Bun.sleep(2);
      }
    });
    const newest = entries.map(({ id }) => id).reverse();
    const page = async (query: string) => (await send("GET", `/audit-log?${query}`)).json;
    const idsOf = ({ data }: { data: AuditEntryOut[] }) => data.map(({ id }) => id);
    const first = await page("limit=2");
    expect([idsOf(first), first.done]).toEqual([newest.slice(0, 2), false]);
    const second = await page(`limit=2&iterator=${first.iterator}`);
    expect(idsOf(second)).toEqual(newest.slice(2));
    expect(idsOf(await page(`limit=2&iterator=${second.prevIterator}`))).toEqual(newest.slice(0, 2));
    expect(idsOf(await page(`after=${between[1]}`))).toEqual(newest.slice(0, 2));
    expect(idsOf(await page(`limit=1&before=${between[1]}`))).toEqual(newest.slice(2, 3));
    expect(idsOf(await page(`after=${between[0]}&before=${between[2]}`))).toEqual(newest.slice(1, 3));
  });

  test("the audit log is filtered by actor, operation, application and text", async () => {
    const [uid, other] = [await makeApplication(send), await makeApplication(send)];
    const token = await server.createToken("--name", "Filtered Deployer");
    await send("POST", `/app/${uid}/endpoint`, { url: "https://example.com/found" }, { token });
    await send("PATCH", `/app/${other}`, { name: "b" }, { token });
    const actions = async (query: string) => {
      const { status, json } = await send("GET", `/audit-log?limit=250&${query}`);
      expect(status).toBe(200);
      return json.data.map(({ action }: AuditEntryOut) => action);
    };
    const { id } = (await send("GET", `/app/${uid}`)).json;
    const all = ["v1.application.patch", "v1.endpoint.create"];
    expect(await actions("actor=filtered%20deploy")).toEqual(all);
    expect(await actions("actor=Filtered&action=endpoint")).toEqual(all.slice(1));
    expect(await actions(`app_id=${uid}`)).toEqual(["v1.endpoint.create", "v1.application.create"]);
    expect(await actions(`app_id=${id}&actor=token`)).toEqual(["v1.endpoint.create"]);
    expect(await actions(`text=${id}`)).toEqual(["v1.endpoint.create", "v1.application.create"]);
    expect(await actions(`text=${id}&text=`)).not.toEqual([]);
    expect(await actions("text=nothing-has-this")).toEqual([]);
  });

  test("the audit log shows the present names of what was changed, without passwords, and which of it is deleted", async () => {
    const uid = await makeApplication(send);
    const made = await send("POST", `/app/${uid}/endpoint`, { url: "https://u:hunter2@example.com/" });
    await send("PATCH", `/app/${uid}`, { name: "Acme Ltd" });
    const [, created] = await auditLog(send, {}, 2);
    expect(created!.targets.appId).toEqual({ name: "Acme Ltd", deleted: false });
    expect(created!.targets.endpointId!.name).toBe(made.json.url);
    expect(JSON.stringify(created)).not.toContain("hunter2");
    await send("DELETE", `/app/${uid}`);
    const [deletion] = await auditLog(send, {}, 1);
    expect(deletion!.targets).toEqual({ appId: { name: "Acme Ltd", deleted: true } });

    const scopes = ["audit-log:Read", "application:Read"];
    const limited = (await send("POST", "/management/authentication/default/api-token", { name: "x", scopes })).json;
    const entries = await auditLog((method, path) => send(method, path, undefined, { token: limited.token }));
    expect(entries.find(({ id }) => id === created!.id)!.targets).toEqual({
      appId: { name: "Acme Ltd", deleted: true },
    });
  });

  test("listing the audit log with an invalid parameter returns 400 or 422", async () => {
    for (const [query, status] of [
      ["limit=251", 422],
      ["limit=x", 400],
      ["iterator=app_x", 422],
      ["before=x", 400],
      [`text=${"x".repeat(201)}`, 422],
      ["app_id=nobody", 404],
    ] as const) {
      expect([query, (await send("GET", `/audit-log?${query}`)).status]).toEqual([query, status]);
    }
  });

  test("the audit log contains every acknowledged change after a crash", async () => {
    const made: string[] = [];
    const endless = (async () => {
      for (;;) {
        const answer = await send("POST", "/app", { name: "a", uid: freshUid("crash") }).catch(() => null);
        if (answer === null) return;
        made.push(answer.json.id);
      }
    })();
    while (made.length < 20) await Bun.sleep(5);
    await server.restart();
    await endless;
    const log = await auditLog(send);
    const named = new Set(log.map(({ subject }) => subject.appId));
    for (const id of made.slice(-200)) expect(named).toContain(id);
    // Even a change that was never acknowledged has an entry, whose outcome is unknown.
    const { data } = (await send("GET", "/app?limit=200&order=descending")).json;
    const unnamed = data.filter(
      ({ id, uid }: { id: string; uid?: string }) => uid?.startsWith("crash-") && !named.has(id),
    );
    const begun = log.filter(({ action, outcome }) => action === "v1.application.create" && outcome === "unknown");
    expect(unnamed.length).toBeLessThanOrEqual(begun.length);
  });
});
