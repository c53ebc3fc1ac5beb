import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, type Send } from "../support/client.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";
import { makeSource } from "../support/source.ts";

/** The client's address behind proxies: in sessions, in the logs of sources and in the limits per address. */

const CLIENT = "203.0.113.7";

function behind(forwardedFor: string): { readonly "x-forwarded-for": string } {
  return { "x-forwarded-for": forwardedFor };
}

async function sessionAddress(send: Send, forwardedFor: string): Promise<string> {
  const options = { token: null, headers: behind(forwardedFor) };
  return (await send("POST", "/session", { token: ROOT_TOKEN }, options)).json.address;
}

/** Returns the address that the source's log has for a refused request. */
async function refusedAddress(send: Send, url: string, forwardedFor: string): Promise<string> {
  const { uid, url: door } = await makeSource(send, `${url}/inbox/of-the-source`);
  const { pathname } = new URL(door);
  const response = await fetch(url + pathname, { method: "POST", body: "{}", headers: behind(forwardedFor) });
  expect(response.status).toBe(401);
  return (await send("GET", `/ingest/api/v1/source/${uid}/log`)).json.data[0].address;
}

describe("a server that trusts its proxy", () => {
  let server: TestServer;
  let send: Send;
  beforeAll(async () => {
    server = await startServer(["--trusted-proxies=127.0.0.1,10.0.0.0/8"]);
    send = clientOf(server.url);
  });
  afterAll(() => server.stop());

  test("a server that trusts its proxy names the client in sessions and in the log of a source", async () => {
    for (const header of [CLIENT, `198.51.100.1, ${CLIENT}, 10.0.0.2`]) {
      expect(await sessionAddress(send, header)).toBe(CLIENT);
      expect(await refusedAddress(send, server.url, header)).toBe(CLIENT);
    }
    expect(await sessionAddress(send, "nonsense")).toBe("127.0.0.1");
  });

  test("limits failed logins per client", async () => {
    const attempt = (token: string, forwardedFor: string) =>
      send("POST", "/session", { token }, { token: null, headers: behind(forwardedFor) });
    for (let i = 0; i < 10; i++) expect((await attempt(`wrong ${i}`, "198.51.100.9")).status).toBe(401);
    expect((await attempt(ROOT_TOKEN, `${CLIENT}, 198.51.100.9`)).status).toBe(429);
    expect((await attempt(ROOT_TOKEN, CLIENT)).status).toBe(201);
  });

  test("limits requests to unknown URLs of sources per client", async () => {
    const statusFor = async (forwardedFor: string) =>
      (await fetch(`${server.url}/in/unknown`, { headers: behind(forwardedFor) })).status;
    for (let i = 0; i < 60; i++) expect(await statusFor("198.51.100.8")).toBe(404);
    expect([await statusFor("198.51.100.8"), await statusFor(CLIENT)]).toEqual([429, 404]);
  });
});

test("a server without trusted proxies ignores X-Forwarded-For", async () => {
  const server = await startServer();
  try {
    const send = clientOf(server.url);
    expect(await sessionAddress(send, CLIENT)).toBe("127.0.0.1");
    expect(await refusedAddress(send, server.url, CLIENT)).toBe("127.0.0.1");
    const attempt = (i: number) =>
      send("POST", "/session", { token: ROOT_TOKEN + i }, { token: null, headers: behind(`203.0.113.${i}`) });
    for (let i = 0; i < 10; i++) expect((await attempt(i)).status).toBe(401);
    expect((await attempt(10)).status).toBe(429);
  } finally {
    await server.stop();
  }
});
