import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { createServer, type TLSSocket } from "node:tls";
import { HttpClient } from "../../../src/edge/http-client/client.ts";
import type { Answer } from "../../../src/ports.ts";
import { type Certificate, selfSigned } from "../../support/certificate.ts";
import { startRawServer } from "../../support/raw-server.ts";
import { answer, startSocketReceiver } from "../../support/socket-receiver.ts";
import { patient, requestTo, responseWith } from "./requests.ts";

const OK = responseWith(200, "ok");

const forName = selfSigned("hook.example");
const forWildcard = selfSigned("*.hook.example");
const forV4 = selfSigned("127.0.0.1");
const forV6 = selfSigned("::1");
const expired = selfSigned("hook.example", 2021);
const unknown = selfSigned("hook.example");
const trusted = [forName, forWildcard, forV4, forV6, expired].map(({ cert }) => cert).join("");

/** Sends one request for this host to a server with this certificate. */
async function sentTo(host: string, certificate: Certificate, serverHost = "127.0.0.1") {
  await using receiver = await startSocketReceiver(answer, { certificate, host: serverHost });
  const request = requestTo(`https://${host}:${receiver.port}/`, { addresses: [serverHost] });
  const response = await new HttpClient({ ca: trusted }).send(request, patient);
  return { response, texts: receiver.texts };
}

function refused(code: string): Answer {
  return { kind: "failure", reason: "tls", detail: `The TLS connection failed (${code}).` };
}

describe("a TLS connection", () => {
  const good: [host: string, certificate: Certificate, serverHost?: string][] = [
    ["hook.example", forName],
    ["HOOK.example", forName],
    ["hook.example.", forName],
    ["eu.hook.example", forWildcard],
    ["127.0.0.1", forV4],
    ["[::1]", forV6, "::1"],
  ];
  for (const [host, certificate, serverHost] of good) {
    test(`a TLS connection is used when the certificate is for ${host}`, async () => {
      const { response, texts } = await sentTo(host, certificate, serverHost);
      expect(response).toEqual(OK);
      expect(texts).toHaveLength(1);
      expect(texts[0]).toContain(`\r\nHost: ${host.toLowerCase()}:`);
    });
  }

  const bad: [what: string, host: string, certificate: Certificate, code: string][] = [
    ["for another name", "hook.example", forWildcard, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["for the parent domain", "eu.hook.example", forName, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["for a wildcard of another level", "a.eu.hook.example", forWildcard, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["for a name although the host is an address", "127.0.0.1", forName, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["for an address although the host is a name", "hook.example", forV4, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["that has expired", "hook.example", expired, "CERT_HAS_EXPIRED"],
    ["that no trusted authority has signed", "hook.example", unknown, "DEPTH_ZERO_SELF_SIGNED_CERT"],
  ];
  for (const [what, host, certificate, code] of bad) {
    test(`a TLS connection with a certificate ${what} is refused, and no request is sent`, async () => {
      const { response, texts } = await sentTo(host, certificate);
      expect(response).toEqual(refused(code));
      expect(texts).toEqual([]);
    });
  }

  test("a TLS certificate of an unknown authority is not trusted by default", async () => {
    await using receiver = await startSocketReceiver(answer, { certificate: forName });
    const request = requestTo(`https://hook.example:${receiver.port}/`, { addresses: ["127.0.0.1"] });
    expect(await new HttpClient().send(request, patient)).toEqual(refused("DEPTH_ZERO_SELF_SIGNED_CERT"));
  });

  test("a TLS connection serves several requests in succession", async () => {
    await using receiver = await startSocketReceiver(answer, { certificate: forV4 });
    const client = new HttpClient({ ca: trusted });
    for (let i = 0; i < 5; i++) expect(await client.send(requestTo(receiver.url), patient)).toEqual(OK);
    expect(receiver.requests).toEqual([5]);
  });

  test("a TLS connection that was opened for one name is not used for another", async () => {
    await using receiver = await startSocketReceiver(answer, { certificate: forName });
    const client = new HttpClient({ ca: trusted });
    const to = (host: string) =>
      client.send(requestTo(`https://${host}:${receiver.port}/`, { addresses: ["127.0.0.1"] }), patient);
    expect(await to("hook.example")).toEqual(OK);
    expect(await to("other.example")).toEqual(refused("ERR_TLS_CERT_ALTNAME_INVALID"));
    // A dot at the end does not make it a different name.
    expect(await to("hook.example.")).toEqual(OK);
    expect(receiver.requests).toEqual([2]);
  });

  for (const bytes of [70_000, 5 * 1024 * 1024]) {
    test(`a TLS connection transfers a body of ${bytes} bytes`, async () => {
      await using receiver = await startSocketReceiver(answer, { certificate: forV4 });
      const body = randomBytes(bytes);
      expect(await new HttpClient({ ca: trusted }).send(requestTo(receiver.url, { body }), patient)).toEqual(OK);
      expect(receiver.texts[0]!.endsWith(body.toString("latin1"))).toBe(true);
    });
  }

  for (const [how, end] of Object.entries<(socket: TLSSocket) => unknown>({
    "ends it": (socket) => socket.end(),
    "breaks it": (socket) => socket.destroy(),
  })) {
    test(`a kept TLS connection is replaced when the peer ${how}`, async () => {
      await using receiver = await startSocketReceiver(
        (socket, nth) => (nth === 1 ? answer(socket) : end(socket as TLSSocket)),
        { certificate: forV4 },
      );
      const client = new HttpClient({ ca: trusted });
      for (let i = 0; i < 3; i++) expect(await client.send(requestTo(receiver.url), patient)).toEqual(OK);
      expect(receiver.requests).toEqual([2, 1, 1]);
    });
  }
});

/** Starts a TLS server with these options. It records the server names that clients ask for. */
async function startTlsServer(options: object) {
  const names: unknown[] = [];
  const server = createServer({ ...forName, ...options }, (socket) => {
    names.push(socket.servername);
    socket.on("error", () => {}).on("data", () => answer(socket));
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { names, port, [Symbol.asyncDispose]: async () => void server.close() };
}

describe("the client", () => {
  test("the client omits a trailing dot from the server name in the TLS handshake", async () => {
    await using server = await startTlsServer({});
    for (const host of ["hook.example", "hook.example."]) {
      const request = requestTo(`https://${host}:${server.port}/`, { addresses: ["127.0.0.1"] });
      expect(await new HttpClient({ ca: trusted }).send(request, patient)).toEqual(OK);
    }
    expect(server.names).toEqual(["hook.example", "hook.example"]);
  });

  test("a request fails with `tls` when a configured authority is not a certificate", async () => {
    for (const ca of ["nonsense", forV4.cert.replace("M", "?")]) {
      const { promise, resolve } = Promise.withResolvers<void>();
      await using server = await startRawServer((socket) => void socket.resume().once("close", () => resolve()));
      const request = requestTo(`https://127.0.0.1:${server.port}/`);
      expect(await new HttpClient({ ca }).send(request, patient)).toMatchObject({ kind: "failure", reason: "tls" });
      await promise;
    }
  });

  test("the client does not speak TLS 1.1", async () => {
    await using server = await startTlsServer({ minVersion: "TLSv1", maxVersion: "TLSv1.1" });
    const request = requestTo(`https://hook.example:${server.port}/`, { addresses: ["127.0.0.1"] });
    expect(await new HttpClient({ ca: trusted }).send(request, patient)).toMatchObject({ reason: "tls" });
  });

  test("a request fails with `tls` when the server demands a client certificate", async () => {
    await using server = await startTlsServer({ requestCert: true, rejectUnauthorized: true, ca: forName.cert });
    const request = requestTo(`https://hook.example:${server.port}/`, { addresses: ["127.0.0.1"] });
    expect(await new HttpClient({ ca: trusted }).send(request, patient)).toMatchObject({ reason: "tls" });
  });

  test("a request fails with `tls` when the server does not speak TLS", async () => {
    await using server = await startRawServer((socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    const request = requestTo(`https://127.0.0.1:${server.port}/`);
    expect(await new HttpClient({ ca: trusted }).send(request, patient)).toMatchObject({ reason: "tls" });
  });

  test("a request fails with `connection` when the server closes during the handshake", async () => {
    await using server = await startRawServer((socket) => void socket.once("data", () => socket.end()));
    const request = requestTo(`https://127.0.0.1:${server.port}/`);
    expect(await new HttpClient({ ca: trusted }).send(request, patient)).toEqual({
      kind: "failure",
      reason: "connection",
      detail: "The connection was closed before the response.",
    });
  });
});
