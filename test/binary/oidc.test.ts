import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { auditLog } from "../support/audit.ts";
import { executable, type RunningBoathook, startBoathook } from "../support/binary.ts";
import { clientOf } from "../support/client.ts";
import { CookieBrowser, type Page } from "../support/cookie-browser.ts";
import { until } from "../support/delivery.ts";
import { freePort } from "../support/free-port.ts";
import {
  CLIENT_ID,
  CLIENT_SECRET,
  providerSettings,
  startProvider,
  type TestProvider,
} from "../support/identity-provider.ts";
import { ROOT_TOKEN } from "../support/server.ts";
import { loggedIn } from "../support/session.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each test starts processes.
setDefaultTimeout(60_000);

const PEOPLE = {
  ada: { email: "Ada@Example.com", email_verified: true, name: "Ada Lovelace" },
  grace: { email: "grace@ops.example", email_verified: true },
  alan: { email: "alan@elsewhere.example", email_verified: true, groups: ["dev", "ops"] },
  eve: { email: "eve@evil.example", email_verified: true, groups: ["dev"] },
  mallory: { email: "ada@example.com", email_verified: false },
  nobody: {},
};
const ADMINS = "ada@example.com,*@ops.example,group:ops";

interface World extends AsyncDisposable {
  readonly server: RunningBoathook;
  readonly provider: TestProvider;
  restart(admins?: string): Promise<void>;
}

async function startWorld(authMethod?: "client_secret_post"): Promise<World> {
  const home = temporaryDirectory();
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const redirectUri = `${url}/api/v1/oidc/callback`;
  const provider = await startProvider({ people: PEOPLE, redirectUri, ...(authMethod && { authMethod }) });
  const start = (admins = ADMINS) =>
    startBoathook(executable(), home.file("data"), [`--port=${port}`], {
      env: { BOATHOOK_ROOT_TOKEN: ROOT_TOKEN, ...providerSettings(provider.issuer, admins) },
    });
  const world = {
    server: await start(),
    provider,
    async restart(admins?: string) {
      await world.server.stop();
      world.server = await start(admins);
    },
    async [Symbol.asyncDispose]() {
      await world.server.stop();
      await provider.close();
      home[Symbol.dispose]();
    },
  };
  return world;
}

/** Begins a login and returns the login page of the provider. */
function begin(browser: CookieBrowser, { server }: World): Promise<Page> {
  return browser.get(`${server.url}/api/v1/oidc/login`);
}

/** Submits the login page and the consent page, and returns the page at which the login ends. */
async function submit(browser: CookieBrowser, page: Page, name: string): Promise<Page> {
  expect(page.text).toContain('name="login"');
  const consent = await browser.post(page.url.href, { prompt: "login", login: name, password: "any" });
  if (!consent.text.includes('value="consent"')) return consent;
  return browser.post(consent.url.href, { prompt: "consent" });
}

async function logInAs(name: string, world: World): Promise<{ browser: CookieBrowser; page: Page }> {
  const browser = new CookieBrowser();
  return { browser, page: await submit(browser, await begin(browser, world), name) };
}

/** Returns the session of a browser. */
async function sessionOf(browser: CookieBrowser, { server }: World) {
  const cookie = browser.cookiesFor(`${server.url}/api/v1/session`);
  const { status, json } = await clientOf(server.url)("GET", "/session", undefined, {
    token: null,
    headers: { cookie },
  });
  return { status, ...loggedIn(server.url, cookie, json) };
}

const reasonOf = ({ url }: Page) => `${url.pathname} ${url.searchParams.get("login")}`;

describe("a login at an identity provider", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test("the login options name the provider and the address of the login", async () => {
    const answer = await clientOf(world.server.url)("GET", "/login-options", undefined, { token: null });
    expect(answer.json).toEqual({
      oidc: { name: new URL(world.provider.issuer).host, url: `${world.server.url}/api/v1/oidc/login` },
      hasSession: false,
    });
  });

  test("an admin gets a session with all rights, and the audit log names the person", async () => {
    const { browser, page } = await logInAs("ada", world);
    expect([page.url.href, page.status]).toEqual([`${world.server.url}/ui/`, 200]);
    const port = new URL(world.server.url).port;
    expect(browser.headersOf(world.server.url).filter((header) => header.startsWith("boathook_session"))).toEqual([
      expect.stringMatching(new RegExp(`^boathook_session_${port}=[\\w-]{43}; Path=/; .*; HttpOnly; SameSite=Strict$`)),
    ]);
    const { status, session, send } = await sessionOf(browser, world);
    expect(status).toBe(200);
    expect(session).toMatchObject({
      ...{ type: "user", name: "Ada Lovelace", email: "Ada@Example.com", root: true, readOnly: false },
      ...{ tokenId: null, envName: "default", address: "127.0.0.1" },
    });
    expect(Date.parse(session.expiresAt) - Date.parse(session.createdAt)).toBe(12 * 3_600_000);
    expect((await send("POST", "/app", { name: "a" })).status).toBe(201);
    expect((await send("POST", "/management/environment", { name: "by ada", type: "development" })).status).toBe(201);
    const root = clientOf(world.server.url);
    const actor = { type: "user", id: "ada", name: "Ada@Example.com" };
    const log = await auditLog(root);
    expect(log.find(({ action }) => action === "v1.application.create")?.actor).toEqual(actor);
    expect(log.find(({ action }) => action === "login.complete")).toMatchObject({
      actor,
      subject: { sessionId: session.id },
      outcome: "done",
    });
    const listed = (await root("GET", "/session/list")).json.data.find(({ id }: { id: string }) => id === session.id);
    expect(listed).toMatchObject({ type: "user", email: "Ada@Example.com", current: false });
  });

  test("people are admitted by a verified address, a domain or a group, and nobody else", async () => {
    const ends = [];
    for (const name of ["grace", "alan", "eve", "mallory", "nobody"]) {
      const { browser, page } = await logInAs(name, world);
      ends.push([name, reasonOf(page), (await sessionOf(browser, world)).status]);
    }
    expect(ends).toEqual([
      ["grace", "/ui/ null", 200],
      ["alan", "/ui/ null", 200],
      ["eve", "/ui/ not_admin", 401],
      ["mallory", "/ui/ email_not_verified", 401],
      ["nobody", "/ui/ email_not_verified", 401],
    ]);
  });

  test("the provider gets a hash of the verifier, a state and a nonce, and each login has others", async () => {
    const sent = async () => {
      const browser = new CookieBrowser();
      await begin(browser, world);
      return Object.fromEntries(new URL(browser.visited[1]!).searchParams);
    };
    const [one, other] = [await sent(), await sent()];
    expect(one).toEqual({
      response_type: "code",
      client_id: CLIENT_ID,
      redirect_uri: `${world.server.url}/api/v1/oidc/callback`,
      scope: "openid email profile groups",
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: "S256",
    });
    for (const name of ["state", "nonce", "code_challenge"]) expect(one[name]).not.toBe(other[name]);
  });

  test("a refused login leads back to the login page with the reason", async () => {
    const browser = new CookieBrowser();
    const page = await begin(browser, world);
    expect(reasonOf(await browser.get(`${page.url.href}/abort`))).toBe("/ui/ denied");
    expect((await sessionOf(browser, world)).status).toBe(401);
  });

  test("a callback without its cookie, with another state or used twice makes no session", async () => {
    const callback = `${world.server.url}/api/v1/oidc/callback`;
    const stranger = new CookieBrowser();
    expect(reasonOf(await stranger.get(`${callback}?code=x&state=y`))).toBe("/ui/ expired");
    expect(reasonOf(await stranger.get(callback))).toBe("/ui/ expired");

    const browser = new CookieBrowser();
    await begin(browser, world);
    for (const query of ["code=x&state=y", "code=x", "", "state=", "error=access_denied"]) {
      await begin(browser, world);
      expect(reasonOf(await browser.get(`${callback}?${query}`))).toBe("/ui/ state_mismatch");
    }

    const { browser: victim } = await logInAs("ada", world);
    const used = victim.visited.find((url) => url.startsWith(callback))!;
    expect(reasonOf(await victim.get(used))).toBe("/ui/ expired");
    expect(reasonOf(await stranger.get(used))).toBe("/ui/ expired");

    // The code of another person's login does not fit the state of the own one.
    const attacker = new CookieBrowser();
    const page = await begin(attacker, world);
    const { state } = Object.fromEntries(new URL(attacker.visited[1]!).searchParams);
    expect(page.status).toBe(200);
    const code = new URL(used).searchParams.get("code");
    const iss = encodeURIComponent(world.provider.issuer);
    expect(reasonOf(await attacker.get(`${callback}?code=${code}&state=${state}&iss=${iss}`))).toBe("/ui/ expired");
    await begin(attacker, world);
    const next = new URL(attacker.visited.at(-2)!).searchParams.get("state");
    expect(reasonOf(await attacker.get(`${callback}?code=x&state=${next}&iss=https://evil.example`))).toBe(
      "/ui/ failed",
    );
  });

  test("a forged or changed login cookie is not accepted", async () => {
    const browser = new CookieBrowser();
    await begin(browser, world);
    const callback = `${world.server.url}/api/v1/oidc/callback`;
    const [name, value] = browser.cookiesFor(callback).split("=") as [string, string];
    const state = new URL(browser.visited[1]!).searchParams.get("state");
    for (const forged of ["", "x", value.slice(4), `${value.slice(0, -4)}AAAA`, "A".repeat(value.length)]) {
      const response = await fetch(`${callback}?code=x&state=${state}`, {
        headers: { cookie: `${name}=${forged}` },
        redirect: "manual",
      });
      expect(response.headers.get("location")).toBe(`${world.server.url}/ui/?login=expired`);
    }
  });

  test("neither codes, tokens nor secrets are logged or shown", async () => {
    const { browser } = await logInAs("ada", world);
    const callback = browser.visited.find((url) => url.includes("/oidc/callback"))!;
    const code = new URL(callback).searchParams.get("code")!;
    const secret = browser.cookiesFor(world.server.url).split("=")[1]!;
    const log = JSON.stringify(world.server.log);
    for (const text of [code, secret, CLIENT_SECRET]) expect(log).not.toContain(text);
    expect(log).toContain('"login.failed"');
    expect(browser.visited.join()).not.toContain(secret);
  });

  test("a session outlives a restart, and ends when the person is no longer an admin", async () => {
    await using own = await startWorld("client_secret_post");
    const { browser } = await logInAs("ada", own);
    expect((await sessionOf(browser, own)).status).toBe(200);
    await own.restart();
    const { status, send } = await sessionOf(browser, own);
    expect(status).toBe(200);
    expect((await send("GET", "/app")).status).toBe(200);
    await own.restart("grace@ops.example");
    expect((await sessionOf(browser, own)).status).toBe(401);
  });
});

describe("an identity provider that cannot be used", () => {
  test("the server starts without its provider and logs people in when the provider is back", async () => {
    using home = temporaryDirectory();
    const [port, providerPort] = [freePort(), freePort()];
    const issuer = `http://127.0.0.1:${providerPort}`;
    const env = { BOATHOOK_ROOT_TOKEN: ROOT_TOKEN, ...providerSettings(issuer, ADMINS) };
    const server = await startBoathook(executable(), home.file("data"), [`--port=${port}`], { env });
    try {
      const browser = new CookieBrowser();
      const login = `${server.url}/api/v1/oidc/login`;
      expect(reasonOf(await browser.get(login))).toBe("/ui/ provider_unavailable");
      expect(await server.logged(({ event }) => event === "login.failed")).toMatchObject({
        level: "warn",
        issuer,
        reason: "provider_unavailable",
      });
      const redirectUri = `${server.url}/api/v1/oidc/callback`;
      const provider = await startProvider({ people: PEOPLE, redirectUri, port: providerPort });
      const page = await until(
        () => browser.get(login),
        ({ url }) => url.origin === issuer,
      );
      expect(reasonOf(await submit(browser, page, "ada"))).toBe("/ui/ null");
      // A provider that is down during a login does not produce an error page either.
      const later = new CookieBrowser();
      await later.get(login);
      const { state } = Object.fromEntries(new URL(later.visited[1]!).searchParams);
      await provider.close();
      const end = await later.get(`${redirectUri}?code=x&state=${state}&iss=${encodeURIComponent(issuer)}`);
      expect(reasonOf(end)).toBe("/ui/ provider_unavailable");
    } finally {
      await server.stop();
    }
  });

  test("without a provider the login is unknown, and incomplete settings stop the start", async () => {
    using home = temporaryDirectory();
    const env = { BOATHOOK_ROOT_TOKEN: ROOT_TOKEN };
    const server = await startBoathook(executable(), home.file("data"), [], { env });
    try {
      const send = clientOf(server.url);
      expect((await send("GET", "/login-options", undefined, { token: null })).json).toEqual({
        oidc: null,
        hasSession: false,
      });
      for (const path of ["/oidc/login", "/oidc/callback?code=x&state=y"]) {
        expect(await send("GET", path, undefined, { token: null })).toMatchObject({
          status: 404,
          json: { code: "not_found" },
        });
      }
    } finally {
      await server.stop();
    }
    const { BOATHOOK_OIDC_ADMINS: _, ...incomplete } = providerSettings("https://id.example", ADMINS);
    const start = startBoathook(executable(), home.file("data"), [], { env: { ...env, ...incomplete } });
    expect(start).rejects.toThrow(
      /ended with 2 .*: The settings for logins at an identity provider are incomplete: oidc-admins is missing\. Set all of them, or remove .*\./,
    );
    await start.catch(() => {});
  });
});
