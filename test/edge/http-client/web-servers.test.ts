import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { HttpClient } from "../../../src/edge/http-client/client.ts";
import type { OutgoingRequest } from "../../../src/ports.ts";
import { makers, renegotiating, startWebServer, type WebServer } from "../../support/web-servers/index.ts";
import { patient, requestTo, responseWith } from "./requests.ts";

/** Time limit in ms. It is long because compiling a server takes time. */
const START_TIMEOUT_MS = 120_000;

for (const maker of makers) {
  const isMissing = Bun.which(maker.program) === null;
  if (isMissing) console.log(`The HTTP client is not tested against ${maker.name}: ${maker.program} is not installed.`);

  describe.skipIf(isMissing)(`against ${maker.name}`, () => {
    let server: WebServer;
    beforeAll(async () => {
      server = await startWebServer(maker);
    }, START_TIMEOUT_MS);
    afterAll(() => server[Symbol.asyncDispose]());

    for (const scheme of ["http", "https"] as const) {
      const client = () => new HttpClient({ ca: server.certificate.cert });
      const to = (path: string, fields: Partial<OutgoingRequest> = {}) =>
        requestTo(`${scheme === "http" ? server.url : server.tlsUrl}${path}`, fields);
      const text = async (sender: HttpClient, path: string) => {
        const response = await sender.send(to(path), patient);
        if (response.kind !== "response") throw new Error(response.detail);
        expect(response).toMatchObject({ status: 200, note: null });
        return Buffer.from(response.body).toString();
      };

      test(`${scheme}: one connection serves several requests in succession`, async () => {
        const sender = client();
        const ports: string[] = [];
        for (let i = 0; i < 5; i++) ports.push(await text(sender, "/port"));
        expect(ports).toEqual(Array(5).fill(ports[0]));
      });

      test(`${scheme}: each concurrent request has its own connection, and the connections are used again`, async () => {
        const sender = client();
        const ports = () => Promise.all(Array.from({ length: 4 }, () => text(sender, "/port")));
        const first = await ports();
        expect(new Set(first).size).toBe(4);
        expect((await ports()).toSorted()).toEqual(first.toSorted());
      });

      test(`${scheme}: a connection that the server closes is not used again`, async () => {
        const sender = client();
        const ports = [await text(sender, "/close"), await text(sender, "/close")];
        expect(ports[0]).not.toBe(ports[1]!);
      });

      for (const bytes of [0, 100_000, 3 * 1024 * 1024]) {
        test(`${scheme}: a body of ${bytes} bytes arrives`, async () => {
          const response = await client().send(to("/length", { body: Buffer.alloc(bytes, "a") }), patient);
          expect(response).toEqual(responseWith(200, String(bytes)));
        });
      }

      const responses: [path: string, status: number, body: string][] = [
        ["/empty", 204, ""],
        ["/chunked", 200, "hello"],
        ["/interim", 200, "hello"],
      ];
      for (const [path, status, body] of responses.filter(([path]) => !maker.lacks.includes(path))) {
        test(`${scheme}: the response of ${path} is read, and its connection is kept`, async () => {
          const sender = client();
          const before = await text(sender, "/port");
          expect(await sender.send(to(path), patient)).toEqual(responseWith(status, body));
          expect(await text(sender, "/port")).toBe(before);
        });
      }

      test(`${scheme}: an error status is reported`, async () => {
        expect(await client().send(to("/nothing/there?a=b"), patient)).toMatchObject({ status: 404, note: null });
      });
    }

    if (maker.name !== "nginx") return;
    test("later TLS handshakes do not hold up an earlier one, even if the event loop is busy", async () => {
      const client = new HttpClient({ ca: server.certificate.cert });
      using _ = busyEventLoop();
      const counts = new Array<number>(50).fill(0);
      const isAnyWaiting = () => counts.includes(0);
      const sendInTurn = async (lane: number) => {
        while (isAnyWaiting()) {
          expect(await client.send(requestTo(`${server.tlsUrl}/close`), patient)).toMatchObject({ status: 200 });
          counts[lane]! += 1;
          expect(counts[lane]).toBeLessThan(10);
        }
      };
      await Promise.all(counts.map((_, lane) => sendInTurn(lane)));
    });

    test("a request whose body the server refuses before receiving all of it gets a 413 response", async () => {
      const body = Buffer.alloc(20 * 1024 * 1024, "a");
      for (const url of [server.url, server.tlsUrl]) {
        const sender = new HttpClient({ ca: server.certificate.cert });
        const response = await sender.send(requestTo(`${url}/small`, { body }), patient);
        expect(response).toMatchObject({ status: 413, note: null });
      }
    });
  });
}

describe.skipIf(Bun.which(renegotiating.program) === null)(`against ${renegotiating.name}`, () => {
  test("a TLS renegotiation during a request does not cause the request to be sent again", async () => {
    await using server = await startWebServer(renegotiating);
    const client = new HttpClient({ ca: server.certificate.cert });
    const to = (path: string) => requestTo(`${server.tlsUrl}${path}`);
    expect(await client.send(to("/renegotiate"), patient)).toEqual(responseWith(200, "1"));
    expect(await client.send(to("/requests"), patient)).toEqual(responseWith(200, "2"));
  });
});

/** Makes each turn of the event loop take 5 ms. */
function busyEventLoop(): Disposable {
  let isBusy = true;
  const turn = () => {
    Bun.sleepSync(5);
    if (isBusy) setImmediate(turn);
  };
  turn();
  return {
    [Symbol.dispose]() {
      isBusy = false;
    },
  };
}
