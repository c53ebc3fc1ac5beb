import { beforeEach, describe, expect, test } from "bun:test";
import type { OAuth2Auth } from "../../src/core/endpoint-auth.ts";
import type { Answer, OutgoingRequest, Shortage } from "../../src/ports.ts";
import { type AccessToken, AccessTokens } from "../../src/targets/access-token.ts";

const AUTH: OAuth2Auth = {
  type: "oauth2",
  tokenUrl: "https://login.example/token",
  clientId: "client",
  clientSecret: "secret",
};

/** A request that the transport got, and a function that gives its response. */
interface Asked {
  readonly request: OutgoingRequest;
  readonly signal: AbortSignal;
  readonly answer: (answer: Answer | Shortage) => void;
}

let now: number;
let asked: Asked[];
let timers: { at: number; task: () => void }[];
let next: PromiseWithResolvers<void>;
let tokens: AccessTokens;
let token: AccessToken;

beforeEach(() => {
  now = 1000;
  asked = [];
  timers = [];
  next = Promise.withResolvers();
  tokens = new AccessTokens({
    ports: {
      clock: {
        now: () => 0,
        steady: () => now,
        soon: () => {},
        after: (delayMs, task) => {
          const timer = { at: now + delayMs, task };
          timers.push(timer);
          return () => void timers.splice(timers.indexOf(timer), 1);
        },
      },
      resolver: { resolve: async () => ["93.184.216.34"] },
      transport: {
        send: (request, signal) =>
          new Promise((answer) => {
            signal.addEventListener("abort", () => answer({ kind: "failure", reason: "timeout", detail: "" }));
            asked.push({ request, signal, answer });
            next.resolve();
            next = Promise.withResolvers();
          }),
      },
    },
    policy: {
      allowSubnets: [],
      deliveryTimeoutMs: 15_000,
      maxBodyBytes: 2 * 1024 * 1024,
      maxResponseStoredBytes: 7,
      signatureHeaders: "webhook",
      userAgent: "Boathook/test",
      inbox: () => null,
    },
  });
  token = tokens.of(AUTH, 5000);
});

const patient = new AbortController().signal;

function issued(text: string, expiresIn = 3600): Answer {
  const body = Buffer.from(JSON.stringify({ access_token: text, expires_in: expiresIn }));
  return { kind: "response", status: 200, retryAfter: null, body, note: null };
}

/** Waits until the transport has got this many requests. */
async function requested(count: number): Promise<Asked> {
  while (asked.length < count) await next.promise;
  return asked[count - 1]!;
}

async function fetched(text: string, expiresIn?: number): Promise<void> {
  const got = token.get(patient);
  (await requested(asked.length + 1)).answer(issued(text, expiresIn));
  expect(await got).toBe(text);
}

describe("an access token", () => {
  test("an access token that is wanted by several attempts at once is requested once", async () => {
    const wanted = [token.get(patient), token.get(patient), token.get(patient)];
    (await requested(1)).answer(issued("a"));
    expect(await Promise.all(wanted)).toEqual(["a", "a", "a"]);
    expect(asked).toHaveLength(1);
  });

  test("an access token is used until 30 s before it expires, and renewed from then on", async () => {
    await fetched("a", 100);
    now += 69_999;
    expect(token.get(patient)).toBe("a");
    now += 1;
    await fetched("b");
  });

  test("an access token that was dropped is requested again, unless it has been renewed already", async () => {
    await fetched("a");
    token.drop("a");
    await fetched("b");
    token.drop("a");
    expect(token.get(patient)).toBe("b");
  });

  test("an access token is kept while its endpoint is prepared again", async () => {
    await fetched("a");
    expect(tokens.of({ ...AUTH }, 5000).get(patient)).toBe("a");
    expect(tokens.of({ ...AUTH, clientSecret: "other" }, 5000).get(patient)).toBeInstanceOf(Promise);
  });

  test("an attempt that is aborted stops waiting, and the request goes on for the others", async () => {
    const controller = new AbortController();
    const [aborted, other] = [token.get(controller.signal), token.get(patient)];
    const { answer, signal } = await requested(1);
    controller.abort();
    expect(await aborted).toMatchObject({ reason: "auth", detail: "The token endpoint did not respond in time." });
    expect(signal.aborted).toBeFalse();
    answer(issued("a"));
    expect(await other).toBe("a");
  });

  test("a request for an access token is aborted when no attempt waits for it, and the next attempt asks again", async () => {
    const controller = new AbortController();
    const aborted = token.get(controller.signal);
    const { signal } = await requested(1);
    controller.abort();
    await aborted;
    expect(signal.aborted).toBeTrue();
    await fetched("a");
  });

  test("a request for an access token is aborted after the timeout although attempts wait for it", async () => {
    const wanted = token.get(patient);
    await requested(1);
    expect(timers.map(({ at }) => at)).toEqual([now + 5000]);
    timers[0]!.task();
    expect(await wanted).toMatchObject({ reason: "auth" });
    expect(timers).toEqual([]);
  });

  test("a shortage of this machine is passed on, so that the attempt does not count", async () => {
    const shortage: Shortage = { kind: "shortage", resource: "open-files", detail: "none left" };
    const wanted = token.get(patient);
    (await requested(1)).answer(shortage);
    expect(await wanted).toEqual(shortage);
    await fetched("a");
  });

  test("a failed request never shows its headers, which contain the secret", async () => {
    const headers = { request: "Authorization: Basic secret", response: "" };
    const wanted = token.get(patient);
    (await requested(1)).answer({ kind: "failure", reason: "connection", detail: "closed", headers });
    expect(await wanted).toEqual({ kind: "failure", reason: "auth", detail: "Token endpoint: closed" });
  });
});
