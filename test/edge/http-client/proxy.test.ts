import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { HttpClient } from "../../../src/edge/http-client/client.ts";
import { EgressProxy } from "../../../src/edge/http-client/proxy.ts";
import { selfSigned } from "../../support/certificate.ts";
import { freePort } from "../../support/free-port.ts";
import { proxyMakers, startProxy, type TestProxy } from "../../support/proxies.ts";
import { startRawServer } from "../../support/raw-server.ts";
import { answer, startSocketReceiver } from "../../support/socket-receiver.ts";
import { bare, patient, requestTo, responseWith } from "./requests.ts";

const OK = responseWith(200, "ok");
const certificate = selfSigned("hook.example");
const resolver = { resolve: async (host: string) => (host === "proxy.example" ? ["127.0.0.1"] : []) };

function clientThrough(url: string): HttpClient {
  return new HttpClient({ ca: certificate.cert, proxy: new EgressProxy(url, resolver) });
}

for (const maker of proxyMakers) {
  const { program, scheme } = maker;
  const isMissing = Bun.which(program) === null;
  if (isMissing) console.log(`egress-proxy is not tested with ${program}, because it is not installed.`);

  describe.skipIf(isMissing)(`through ${program}`, () => {
    let proxy: TestProxy;
    beforeAll(async () => {
      proxy = await startProxy(maker);
    });
    afterAll(() => proxy[Symbol.asyncDispose]());

    for (const tls of [false, true]) {
      test(`${program} gets the address, and the ${tls ? "https" : "http"} receiver the name`, async () => {
        await using receiver = await startSocketReceiver(answer, tls ? { certificate } : {});
        const url = `${tls ? "https" : "http"}://hook.example:${receiver.port}/path`;
        const client = clientThrough(`${scheme}://127.0.0.1:${proxy.port}`);
        for (let i = 0; i < 3; i++) {
          expect(await client.send(requestTo(url, { addresses: ["127.0.0.1"] }), patient)).toEqual(OK);
        }
        // One tunnel serves all requests.
        expect(receiver.requests).toEqual([3]);
        expect(receiver.texts[0]).toContain(`POST /path HTTP/1.1\r\nHost: hook.example:${receiver.port}\r\n`);
        expect(proxy.log()).toContain(`127.0.0.1:${receiver.port}`);
        expect(proxy.log()).not.toContain("hook.example");
      });
    }

    test(`${program} is found by its name`, async () => {
      await using receiver = await startSocketReceiver(answer);
      const client = clientThrough(`${scheme}://proxy.example:${proxy.port}`);
      expect(await client.send(requestTo(receiver.url), patient)).toEqual(OK);
    });

    test(`a large request and its response pass ${program}`, async () => {
      await using receiver = await startSocketReceiver(answer, { certificate });
      const client = clientThrough(`${scheme}://127.0.0.1:${proxy.port}`);
      const url = `https://hook.example:${receiver.port}/`;
      const body = Buffer.alloc(3 * 1024 * 1024, "a");
      expect(await client.send(requestTo(url, { addresses: ["127.0.0.1"], body }), patient)).toEqual(OK);
    });

    test(`a receiver that ${program} cannot reach gives the reason proxy, and the next address is tried`, async () => {
      const client = clientThrough(`${scheme}://127.0.0.1:${proxy.port}`);
      const refused = await client.send(requestTo(`http://127.0.0.1:${freePort()}/`), patient);
      expect(refused).toMatchObject({ kind: "failure", reason: "proxy" });
      await using receiver = await startSocketReceiver(answer);
      const addresses = ["127.0.0.2", "127.0.0.1"];
      for (let i = 0; i < 4; i++)
        expect(await client.send(requestTo(receiver.url, { addresses }), patient)).toEqual(OK);
    });

    test(`${program} is not used for requests to this server itself`, async () => {
      await using receiver = await startSocketReceiver(answer);
      const client = clientThrough(`${scheme}://127.0.0.1:${freePort()}`);
      expect(await client.send(requestTo(receiver.url, { isLocal: true }), patient)).toEqual(OK);
    });

    test(`${program} demands a user, and a wrong one is a failure with the reason proxy`, async () => {
      await using closed = await startProxy(maker, { name: "ann", password: "word" });
      await using receiver = await startSocketReceiver(answer);
      const sent = (user: string) =>
        clientThrough(`${scheme}://${user}127.0.0.1:${closed.port}`).send(requestTo(receiver.url), patient);
      expect(await sent("ann:w%6frd@")).toEqual(OK);
      for (const user of ["", "ann:other@"]) {
        expect(await sent(user)).toMatchObject({ kind: "failure", reason: "proxy" });
      }
      expect(receiver.texts).toHaveLength(1);
    });
  });
}

describe("a proxy that does not work", () => {
  const failed = async (url: string, timeoutMs?: number) => {
    const signal = timeoutMs === undefined ? patient : AbortSignal.timeout(timeoutMs);
    return bare(await clientThrough(url).send(requestTo("http://192.0.2.1/"), signal));
  };

  test.each(["http", "socks5"])("a %s proxy that is down gives the reason proxy", async (scheme) => {
    expect(await failed(`${scheme}://127.0.0.1:${freePort()}`)).toMatchObject({
      kind: "failure",
      reason: "proxy",
      detail: "The proxy cannot be reached (ECONNREFUSED).",
    });
  });

  test.each(["http", "socks5"])("a %s proxy whose name does not exist gives the reason proxy", async (scheme) => {
    expect(await failed(`${scheme}://nobody.example:3128`)).toMatchObject({
      reason: "proxy",
      detail: "The host name of the proxy could not be resolved.",
    });
  });

  test.each(["http", "socks5"])("a %s proxy that closes the connection gives the reason proxy", async (scheme) => {
    await using server = await startRawServer((socket) => socket.end());
    expect(await failed(`${scheme}://127.0.0.1:${server.port}`)).toMatchObject({ reason: "proxy" });
  });

  test.each(["http", "socks5"])("a %s proxy that says nothing is a timeout that names the proxy", async (scheme) => {
    await using server = await startRawServer(() => {});
    expect(await failed(`${scheme}://127.0.0.1:${server.port}`, 100)).toMatchObject({
      reason: "timeout",
      detail: "The proxy did not connect to the endpoint in time.",
    });
  });

  test("the status of a proxy is not the status of the receiver", async () => {
    await using server = await startRawServer((socket) => {
      socket.write("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    });
    expect(await failed(`http://127.0.0.1:${server.port}`)).toMatchObject({ kind: "failure", reason: "proxy" });
  });
});
