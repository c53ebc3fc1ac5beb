import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type TLSSocket } from "node:tls";
import { type Certificate, selfSigned } from "../support/certificate.ts";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { type AttemptOut, attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { Authority, hasOpenssl } from "../support/pki.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** An HTTPS server that demands a client certificate, and the names in the certificates that it got. */
interface StrictReceiver extends AsyncDisposable {
  readonly url: string;
  readonly clients: string[];
}

async function startStrictReceiver(own: Certificate, ca: string, isStrict = true): Promise<StrictReceiver> {
  const clients: string[] = [];
  const sockets = new Set<TLSSocket>();
  const options = { cert: own.cert, key: own.key, ca, requestCert: isStrict, rejectUnauthorized: isStrict };
  const server = createServer(options, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    // Each request of these tests arrives in one piece or its body is in the second one.
    socket.on("data", (bytes) => {
      if (!bytes.toString("latin1").endsWith("{}")) return;
      clients.push(String(socket.getPeerCertificate().subject?.CN ?? "none"));
      socket.write("HTTP/1.1 204 No Content\r\n\r\n");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `https://127.0.0.1:${port}/`,
    clients,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe.skipIf(!hasOpenssl)("TLS settings of an endpoint", () => {
  let authority: Authority;
  let server: TestServer;
  let send: Send;
  let receiver: StrictReceiver;
  let open: StrictReceiver;
  let one: Certificate;
  let two: Certificate;
  beforeAll(async () => {
    authority = new Authority();
    const own = authority.issue("127.0.0.1");
    [one, two] = [authority.issue("client-one"), authority.issue("client-two")];
    receiver = await startStrictReceiver(own, authority.ca);
    open = await startStrictReceiver(own, authority.ca, false);
    server = await startServer(["--retry-schedule="]);
    send = clientOf(server.url);
  });
  afterAll(async () => {
    await server.stop();
    await receiver[Symbol.asyncDispose]();
    await open[Symbol.asyncDispose]();
    authority[Symbol.dispose]();
  });

  const mtls = ({ cert, key }: Certificate, fields: object = { ca: authority.ca }) => ({
    ...{ type: "mtls", certificate: cert, key },
    ...fields,
  });

  async function deliver(app: string): Promise<AttemptOut> {
    const [attempt] = await attemptsOf(send, app, await sendMessage(send, app));
    return attempt!;
  }

  /** Delivers one message to a new endpoint and returns the attempt. */
  async function delivered(url: string, fields: object): Promise<AttemptOut> {
    const app = await makeApplication(send);
    await makeEndpoint(send, app, url, fields);
    return deliver(app);
  }

  test("an endpoint with the CA of its receiver is delivered to, and one without it is not", async () => {
    expect((await delivered(open.url, { tls: { ca: authority.ca } })).reason).toBeNull();
    expect(await delivered(open.url, {})).toMatchObject({ reason: "tls" });
    expect(await delivered(open.url, { tls: { ca: selfSigned("other").cert } })).toMatchObject({ reason: "tls" });
  });

  test("a client certificate is presented, with a CA in auth or in tls", async () => {
    for (const fields of [{ auth: mtls(one) }, { auth: mtls(one, {}), tls: { ca: authority.ca } }]) {
      const before = receiver.clients.length;
      expect((await delivered(receiver.url, fields)).reason).toBeNull();
      expect(receiver.clients.slice(before)).toEqual(["client-one"]);
    }
  });

  test("a client certificate can be combined with a user in the URL", async () => {
    const before = receiver.clients.length;
    const at = receiver.url.replace("://", "://ann:secret@");
    expect((await delivered(at, { auth: mtls(one) })).reason).toBeNull();
    expect(receiver.clients.slice(before)).toEqual(["client-one"]);
  });

  test("a receiver that demands a client certificate gets nothing without one or with a foreign one", async () => {
    const before = receiver.clients.length;
    for (const auth of [null, mtls(selfSigned("foreign"), {})]) {
      const attempt = await delivered(receiver.url, { auth, tls: { ca: authority.ca } });
      expect(["tls", "connection"]).toContain(attempt.reason!);
    }
    expect(receiver.clients).toHaveLength(before);
  });

  test("endpoints with the same URL and different certificates never share a connection", async () => {
    const app = await makeApplication(send);
    for (const client of [one, two]) await makeEndpoint(send, app, receiver.url, { auth: mtls(client) });
    const before = receiver.clients.length;
    for (let i = 0; i < 3; i++) await attemptsOf(send, app, await sendMessage(send, app), 2);
    expect(receiver.clients.slice(before).sort()).toEqual([
      ...Array(3).fill("client-one"),
      ...Array(3).fill("client-two"),
    ]);
  });

  test("a changed certificate is presented from the next attempt on", async () => {
    const app = await makeApplication(send);
    const path = `/app/${app}/endpoint/${await makeEndpoint(send, app, receiver.url, { auth: mtls(one) })}`;
    await deliver(app);
    expect((await send("PATCH", path, { auth: mtls(two) })).status).toBe(200);
    await deliver(app);
    expect(receiver.clients.slice(-2)).toEqual(["client-one", "client-two"]);
  });

  test("the key is shown as [set], kept if that is sent back, and not in the stored data", async () => {
    const app = await makeApplication(send);
    const path = `/app/${app}/endpoint/${await makeEndpoint(send, app, receiver.url, { auth: mtls(one) })}`;
    const { json, text } = await send("GET", path);
    expect(json.auth).toEqual({ ...mtls(one), key: "[set]" });
    expect(text).not.toContain("PRIVATE KEY");
    expect((await send("PUT", path, { url: receiver.url, auth: json.auth })).json.auth).toEqual(json.auth);
    expect((await deliver(app)).reason).toBeNull();
    const otherPair = await send("PATCH", path, { auth: { ...json.auth, certificate: two.cert } });
    expect([otherPair.status, otherPair.json.detail[0].loc]).toEqual([422, ["body", "auth", "key"]]);
    const secret = one.key.split("\n")[1]!;
    expect(await server.stores(receiver.url)).toBeTrue();
    expect(await server.stores(secret)).toBeFalse();
  });

  test("invalid certificates, keys and combinations are refused at their fields", async () => {
    const app = await makeApplication(send);
    const expired = selfSigned("old", 2021);
    const { ca } = authority;
    const refused: [fields: object, loc: string[]][] = [
      [{ auth: { ...mtls(one), key: two.key } }, ["auth", "key"]],
      [{ auth: { ...mtls(one), key: authority.encrypted(one.key, "pkcs8") } }, ["auth", "key"]],
      [{ auth: { ...mtls(one), key: null } }, ["auth", "key"]],
      [{ auth: { ...mtls(one), key: "[set]" } }, ["auth", "key"]],
      [{ auth: mtls(expired) }, ["auth", "certificate"]],
      [{ auth: { ...mtls(one), certificate: one.key } }, ["auth", "certificate"]],
      [{ auth: { ...mtls(one), ca: "x" } }, ["auth", "ca"]],
      [{ auth: { ...mtls(one), ca: expired.cert } }, ["auth", "ca"]],
      [{ auth: mtls(one), url: "http://hook.example/" }, ["auth"]],
      [{ auth: mtls(one), tls: { ca } }, ["auth"]],
      [{ tls: {} }, ["tls", "ca"]],
      [{ tls: { ca: 5 } }, ["tls", "ca"]],
      [{ tls: { ca: "" } }, ["tls", "ca"]],
      [{ tls: { ca: ca + one.key } }, ["tls", "ca"]],
      [{ tls: "x" }, ["tls"]],
    ];
    for (const [fields, loc] of refused) {
      const { status, json, text } = await send("POST", `/app/${app}/endpoint`, { url: receiver.url, ...fields });
      expect([status, json.detail[0].loc]).toEqual([422, ["body", ...loc]]);
      expect(text).not.toContain(one.key.split("\n")[1]);
    }
    const { json } = await send("POST", `/app/${app}/endpoint`, { url: receiver.url, tls: { ca: null } });
    expect(json.tls).toBeNull();
  });

  test("a URL without TLS and a second CA are refused for an endpoint with a client certificate", async () => {
    const app = await makeApplication(send);
    const path = `/app/${app}/endpoint/${await makeEndpoint(send, app, receiver.url, { auth: mtls(one) })}`;
    for (const [fields, field] of [
      [{ url: "http://hook.example/" }, "url"],
      [{ tls: { ca: authority.ca } }, "tls"],
    ] as const) {
      const { status, json } = await send("PATCH", path, fields);
      expect([status, json.detail[0].loc]).toEqual([422, ["body", field]]);
    }
  });
});
