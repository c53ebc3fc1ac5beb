import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { run } from "../support/binary.ts";
import { clientOf, freshUid, type Send } from "../support/client.ts";
import { type ConvoyProject, startConvoy } from "../support/convoy.ts";
import { program, startServer, type TestServer } from "../support/server.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

/** An empty environment of the server with a token of its own. */
async function emptyEnvironment() {
  const name = freshUid("environment");
  const root = clientOf(server.url);
  const { json } = await root("POST", "/management/environment", { name, type: "development" });
  const token = await server.createToken("--environment", name);
  const send: Send = (method, path, body) => root(method, path, body, { token });
  const command = (args: readonly string[], env: Readonly<Record<string, string>>) =>
    run(program, args, { env: { BOATHOOK_SERVER: server.url, BOATHOOK_TOKEN: token, ...env } });
  return { id: json.id as string, token, send, command };
}

const SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

describe("boathook import svix", () => {
  async function filled() {
    const origin = await emptyEnvironment();
    const { send } = origin;
    for (const name of ["user.signup", "user.old"]) await send("POST", "/event-type", { name, description: name });
    const { json: app } = await send("POST", "/app", { name: "Acme", uid: "acme", metadata: { plan: "pro" } });
    const { json: plain } = await send("POST", "/app", { name: "Without a uid" });
    const transformation = { code: "function handler(webhook) { return webhook; }", enabled: true };
    await send("POST", "/app/acme/endpoint", {
      ...{
        url: "https://hook.example/main",
        uid: "main",
        description: "Main",
        eventTypes: ["user.signup", "user.old"],
      },
      ...{
        channels: ["eu"],
        secret: SECRET,
        headers: { "X-Team": "1", Authorization: "Bearer a-secret" },
        transformation,
      },
    });
    const { json: second } = await send("POST", `/app/${plain.id}/endpoint`, {
      ...{ url: "https://hook.example/second", eventTypes: ["user.old"], throttleRate: 5, disabled: false },
    });
    await send("DELETE", "/event-type/user.old");
    return { origin, app, plain, second };
  }

  test("import svix copies everything that the API shows, and a second import changes nothing", async () => {
    const { origin, plain, second } = await filled();
    const { send, command } = await emptyEnvironment();
    const run = (...flags: string[]) =>
      command(["import", "svix", `${server.url}/`, ...flags], { SVIX_TOKEN: origin.token });
    const created = [
      ...["+ event-type user.old", "+ event-type user.signup"],
      ...[`+ application _${plain.id}`, "+ application acme"],
      ...[`+ endpoint _${plain.id}/_${second.id}`, "+ endpoint acme/main"],
    ];
    const missing = [
      "cannot be copied:",
      "endpoint acme/main (headers): The other server does not show this secret.",
      `endpoint _${plain.id}/_${second.id} (eventTypes): The event type user.old is archived or does not exist.`,
      "endpoint acme/main (eventTypes): The event type user.old is archived or does not exist.",
      "",
    ];
    const lines = (summary: string, changes: readonly string[]) => [...changes, summary, ...missing].join("\n");
    expect((await run("--dry-run")).stdout).toBe(lines("6 to create, 0 to update, 0 to delete, 0 unchanged", created));
    expect((await send("GET", "/app")).json.data).toEqual([]);
    expect(await run()).toEqual({
      ...{ code: 0, stderr: "", stdout: lines("6 created, 0 updated, 0 deleted, 0 unchanged", created) },
    });
    const [{ apiVersion }, main] = (await send("GET", "/endpoint?with_content=true")).json.data.toSorted(
      (a: { uid: string }, b: { uid: string }) => (a.uid < b.uid ? -1 : 1),
    );
    expect(apiVersion).toBeNull();
    expect(main).toMatchObject({
      ...{
        uid: "main",
        url: "https://hook.example/main",
        description: "Main",
        channels: ["eu"],
        headers: { "X-Team": "1" },
      },
      ...{ eventTypes: ["user.signup"], sensitiveHeaders: [], appUid: "acme", disabled: false },
      transformation: { code: "function handler(webhook) { return webhook; }", enabled: true },
    });
    expect((await send("GET", "/app/acme/endpoint/main/secret")).json).toEqual({ key: SECRET });
    const copied = (await send("GET", `/app/_${plain.id}/endpoint/_${second.id}`)).json;
    expect(copied).toMatchObject({ throttleRate: 5, eventTypes: null, disabled: true });
    expect((await send("GET", "/app/acme")).json.metadata).toEqual({ plan: "pro" });
    expect((await send("GET", "/event-type/user.old")).json.archived).toBe(true);
    expect((await run()).stdout).toBe(lines("0 created, 0 updated, 0 deleted, 6 unchanged", []));
    const json = JSON.parse((await run("--json")).stdout);
    expect(json).toMatchObject({ changes: [], unchanged: 6, cannotBeCopied: missing.slice(1, -1) });
  });

  test("import svix exits with 2 without a token, and with 1 for a wrong token, another server or no server", async () => {
    const { command } = await emptyEnvironment();
    const failed = async (url: string, env: Readonly<Record<string, string>>) => {
      const { code, stdout, stderr } = await command(["import", "svix", url], env);
      expect({ stdout, lines: stderr.trimEnd().split("\n").length }).toEqual({ stdout: "", lines: 1 });
      return `${code}: ${stderr}`;
    };
    await using other = startConvoy(null);
    expect(await failed(server.url, {})).toStartWith("2: Set the environment variable SVIX_TOKEN");
    expect(await failed("ftp://a.example", { SVIX_TOKEN: "x" })).toStartWith("2: ");
    expect(await failed(server.url, { SVIX_TOKEN: "bhk_wrong" })).toBe(
      `1: The server at ${server.url} does not accept the token in SVIX_TOKEN (401).\n`,
    );
    expect(await failed(other.url, { SVIX_TOKEN: "x" })).toStartWith(
      `1: The response from ${other.url} does not have the expected form`,
    );
    expect(await failed("http://127.0.0.1:1", { SVIX_TOKEN: "x" })).toContain("cannot be reached");
  });
});

const PROJECT: ConvoyProject = {
  eventTypes: [
    { uid: "1", name: "*", description: "" },
    { uid: "2", name: "invoice.paid", description: "An invoice was paid.", category: "billing" },
    { uid: "3", name: "invoice.void", description: "", category: "not valid!", deprecated_at: "2026-01-01T00:00:00Z" },
  ],
  endpoints: [
    {
      ...{ uid: "01AAA", owner_id: "acme", name: "Main", url: "https://hook.example/main", status: "active" },
      ...{ http_timeout: 10, rate_limit: 300, rate_limit_duration: 60, secrets: [{ value: "a-convoy-secret" }] },
      authentication: { type: "api_key", api_key: { header_name: "X-Api-Key", header_value: "a-key" } },
    },
    {
      ...{ uid: "01BBB", owner_id: "acme", name: "Second", url: "https://hook.example/second", status: "paused" },
      ...{ http_timeout: "30s", rate_limit: 1, rate_limit_duration: "1m", authentication: { type: "oauth2" } },
    },
    {
      uid: "01CCC",
      owner_id: "",
      name: "Alone",
      url: "https://hook.example/alone",
      description: "None",
      status: "inactive",
    },
    { uid: "01DDD", owner_id: "bad\u001b[31mowner", name: "Bad", url: "https://hook.example/bad", status: "active" },
    { uid: "01EEE", owner_id: "acme", name: "No URL", url: "not a url", status: "active" },
  ],
  subscriptions: [
    {
      ...{ uid: "S1", name: "one", endpoint_metadata: { uid: "01AAA" } },
      filter_config: {
        event_types: ["invoice.paid", "invoice.sent"],
        filter: { headers: {}, body: { amount: { $gte: 10 }, state: { $neq: "draft" } }, is_flattened: true },
      },
    },
    { uid: "S2", name: "two", endpoint_metadata: { uid: "01AAA" }, filter_config: { event_types: ["*"] } },
    {
      ...{ uid: "S3", name: "three", endpoint_metadata: { uid: "01BBB" } },
      filter_config: { event_types: ["*"], filter: { query: { region: "eu" } } },
    },
    { uid: "S4", name: "four", endpoint_metadata: { uid: "01EEE" }, filter_config: { event_types: ["*"] } },
  ],
};

describe("boathook import convoy", () => {
  test("import convoy copies event types, endpoints by owner and subscriptions, and a second import changes nothing", async () => {
    await using convoy = startConvoy(PROJECT);
    const { send, command } = await emptyEnvironment();
    const run = (...flags: string[]) =>
      command(["import", "convoy", convoy.url, "--project", "p1", ...flags], { CONVOY_API_KEY: convoy.key });
    const { code, stdout, stderr } = await run();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n")).toEqual([
      ...["+ event-type invoice.paid", "+ event-type invoice.void", "+ event-type invoice.sent"],
      ...["+ application acme", "+ application 01CCC"],
      ...["+ endpoint acme/01AAA", "+ endpoint acme/01AAA.S2", "+ endpoint acme/01BBB", "+ endpoint 01CCC/01CCC"],
      "9 created, 0 updated, 0 deleted, 0 unchanged",
      "cannot be copied:",
      "endpoint acme/01BBB (rate_limit): 1 in 60 seconds is less than one per second.",
      "endpoint acme/01BBB (authentication): The type oauth2 cannot be copied.",
      "endpoint acme/01BBB (filter): There are no conditions on the query. The endpoint is disabled.",
      "endpoint 01CCC/01CCC: It has no subscription, so it gets no messages. It is disabled here.",
      "endpoint bad\ufffd[31mowner/01DDD: It has no subscription, so it gets no messages. It is disabled here.",
      "signing secrets: Convoy signs in another form. The 5 endpoints get new secrets for the headers of Standard Webhooks.",
      "event-type invoice.void (category): not valid! is no valid group name.",
      "endpoints of the owner bad\ufffd[31mowner: Only the characters a-z, A-Z, 0-9, -, _ and . are allowed.",
      "endpoint acme/01EEE: url: Must be a valid URL.",
      "",
    ]);
    const read = async (uid: string) => (await send("GET", `/app/acme/endpoint/${uid}`)).json;
    expect(await read("01AAA")).toMatchObject({
      ...{ url: "https://hook.example/main", description: "Main", timeoutMs: 10_000, throttleRate: 5, disabled: false },
      ...{ eventTypes: ["invoice.paid", "invoice.sent"] },
      filter: { payload: { amount: { $gte: 10 }, state: { $ne: "draft" } } },
    });
    expect((await send("GET", "/app/acme/endpoint/01AAA/headers")).json.sensitive).toEqual(["X-Api-Key"]);
    expect(await read("01AAA.S2")).toMatchObject({ url: "https://hook.example/main", eventTypes: null, filter: null });
    expect(await read("01BBB")).toMatchObject({ paused: true, disabled: true, timeoutMs: 30_000, throttleRate: null });
    expect((await send("GET", "/event-type/invoice.paid")).json.groupName).toBe("billing");
    expect((await run()).stdout).toContain("0 created, 0 updated, 0 deleted, 9 unchanged\n");
  });

  test("import convoy reads all pages of a project", async () => {
    const endpoints = Array.from({ length: 250 }, (_, i) => ({
      ...{
        uid: `E${i}`,
        owner_id: `owner-${i % 3}`,
        name: `E${i}`,
        url: `https://hook.example/${i}`,
        status: "active",
      },
    }));
    const subscriptions = endpoints.map(({ uid }) => ({ uid: `S${uid}`, endpoint_metadata: { uid } }));
    await using convoy = startConvoy({ eventTypes: [], endpoints, subscriptions });
    const { command } = await emptyEnvironment();
    const { stdout } = await command(["import", "convoy", convoy.url, "--project=p1"], { CONVOY_API_KEY: convoy.key });
    expect(stdout).toContain("253 created, 0 updated, 0 deleted, 0 unchanged\ncannot be copied:\nsigning secrets: ");
  });

  test("import convoy exits with 1 for an unknown project, and with 2 without a project", async () => {
    await using convoy = startConvoy(PROJECT);
    const { command } = await emptyEnvironment();
    const unknown = await command(["import", "convoy", convoy.url, "--project=no"], { CONVOY_API_KEY: convoy.key });
    expect(unknown).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("responded with 404") });
    const missing = await command(["import", "convoy", convoy.url], { CONVOY_API_KEY: convoy.key });
    expect(missing).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("--project") });
  });
});
