import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { signJwt } from "../support/jwt.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Tests streams and long polls whose token ends while they are open. */

const SECRET = "secret-of-the-jwts";
const END_EVENT = 'event: end\ndata: {"reason":"token"}\n\n';
/**
 * Time limit after the end of a token, in ms. If the end had no effect, a poll would last 30 s and a
 * stream forever.
 */
const DEADLINE_MS = 20_000;

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="], { BOATHOOK_JWT_SECRET: SECRET });
  send = clientOf(server.url);
});
afterAll(() => server.stop());

interface Lasted {
  readonly status: number;
  readonly text: string;
}

/** Sends a request that stays open and returns its whole response, or fails when `signal` aborts. */
async function lasting(path: string, token: string, signal: AbortSignal): Promise<Lasted> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${server.url}/api/v1${path}`, { headers, signal });
  return { status: response.status, text: await response.text() };
}

/** Opens requests, ends their token, and returns their responses. Fails at the deadline after that. */
async function lastingUntil(paths: readonly string[], token: string, end: () => Promise<unknown>): Promise<Lasted[]> {
  const deadline = new AbortController();
  const all = Promise.all(paths.map((path) => lasting(path, token, deadline.signal)));
  await Promise.race([end(), all]);
  const timer = setTimeout(() => deadline.abort(), DEADLINE_MS);
  return all.finally(() => clearTimeout(timer));
}

const pollsOf = (app: string) => [
  `/app/${app}/poller/sink?wait=30`,
  `/app/${app}/poller/sink/consumer/${freshUid("consumer")}?wait=30`,
];

/** Opens a long poll of each kind, ends the token, and expects that each poll returns 401. */
async function expectPollsToEnd(app: string, token: string, end: () => Promise<unknown>): Promise<void> {
  for (const { status, text } of await lastingUntil(pollsOf(app), token, end)) {
    expect([status, JSON.parse(text).code]).toEqual([401, "authentication_failed"]);
  }
}

/** Opens the live view, ends the token, and expects that the last event is `end`. */
async function expectStreamToEnd(token: string, end: () => Promise<unknown>): Promise<void> {
  const [stream] = await lastingUntil(["/live"], token, end);
  const { status, text } = stream!;
  expect(status).toBe(200);
  expect(text).toEndWith(END_EVENT);
}

const nothing = async () => {};
const path = "/management/authentication/default/api-token";

describe("streams and long polls end when their token does", () => {
  test("the live view ends with the event `end` when its token expires", async () => {
    await expectStreamToEnd(await server.createToken("--expires=2s"), nothing);
  });

  test("long polls return 401 when their token expires", async () => {
    const app = await makeApplication(send);
    const tokens = [await server.createToken("--expires=3s"), await server.createToken("--expires=3s", `--app=${app}`)];
    await Promise.all(tokens.map((token) => expectPollsToEnd(app, token, nothing)));
  });

  test("the live view and long polls end when a call expires their token", async () => {
    const app = await makeApplication(send);
    const created = (await send("POST", path, { name: "ends" })).json;
    const end = () => send("POST", `${path}/${created.id}/expire`, { expiry: 0 });
    await Promise.all([
      expectStreamToEnd(created.token, nothing),
      expectPollsToEnd(app, created.token, async () => {
        await clientSees(created.token);
        await end();
      }),
    ]);
  });

  test("long polls with a portal token return 401 when the token is used to log out", async () => {
    const app = await makeApplication(send);
    const { token } = (await send("POST", `/auth/app-portal-access/${app}`, {})).json;
    await expectPollsToEnd(app, token, () => send("POST", "/auth/logout", undefined, { token }));
  });

  test("the live view and long polls end when another process revokes their token", async () => {
    const app = await makeApplication(send);
    const token = await server.createToken("--name=revoked-by-command");
    const row = (await server.run("token", "list")).split("\n").find((line) => line.includes("revoked-by-command"));
    const revoked = Promise.withResolvers<void>();
    const revoke = () => server.run("token", "revoke", row!.split(/\s+/)[0]!).then(() => revoked.resolve());
    await Promise.all([expectStreamToEnd(token, () => revoked.promise), expectPollsToEnd(app, token, revoke)]);
  });

  test("long polls with an application's token return 401 when the application is deleted", async () => {
    const app = await makeApplication(send);
    const { token } = (await send("POST", `/auth/app-portal-access/${app}`, {})).json;
    await expectPollsToEnd(app, token, () => send("DELETE", `/app/${app}`));
  });

  test("the live view and long polls with a JWT end when the JWT expires, after the leeway of 60 seconds", async () => {
    const now = Math.floor(Date.now() / 1000);
    const org = "org_23rb8YdGqMT0qIzpgGwdXfHirMu";
    const token = signJwt({ iat: now, exp: now - 57, iss: "svix-server", sub: org }, SECRET);
    const uid = freshUid("app");
    await send("POST", "/app", { name: uid, uid }, { token });
    await Promise.all([expectStreamToEnd(token, nothing), expectPollsToEnd(uid, token, nothing)]);
  });

  test("the live view of an environment ends when the environment is deleted, even if it was opened with a JWT", async () => {
    const org = "org_33rb8YdGqMT0qIzpgGwdXfHirMu";
    const token = signJwt({ iat: 1, sub: org }, SECRET);
    await send("GET", "/app", undefined, { token });
    await expectStreamToEnd(token, () => send("DELETE", `/management/environment/${org}`));
  });

  test("the end of a token does not affect streams and polls with other tokens", async () => {
    const app = await makeApplication(send);
    const [ending, staying] = [await server.createToken("--expires=2s"), await server.createToken()];
    const other = lasting(pollsOf(app)[0]!, staying, AbortSignal.timeout(6 * DEADLINE_MS));
    await expectPollsToEnd(app, ending, nothing);
    await send("POST", `/app/${app}/msg`, { eventType: "a", payload: {} });
    expect((await other).status).toBe(200);
  });
});

/** Waits until a token has been used, which means that its streams and polls are open. */
async function clientSees(token: string): Promise<void> {
  expect((await send("GET", "/app", undefined, { token })).status).toBe(200);
}
