import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { run } from "../support/binary.ts";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { sendMessage, sendMessages } from "../support/delivery.ts";
import { freePort } from "../support/free-port.ts";
import { listenTo } from "../support/listening.ts";
import { heldBack, ok, startReceiver, withStatus } from "../support/receiver.ts";
import { program, ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";
import { makeSource } from "../support/source.ts";
import { postStripe, stripeEvent } from "../support/stripe.ts";
import { verifyRequest } from "../support/verify-request.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(90_000);

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--max-body=24MiB"]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const command = (args: readonly string[], env: Record<string, string> = {}) =>
  run(program, args, { env: { BOATHOOK_SERVER: server.url, BOATHOOK_TOKEN: ROOT_TOKEN, ...env } });

describe("boathook listen", () => {
  test("listen forwards new messages to the local server, signed with the printed secret", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    await sendMessage(send, app, { eventType: "before" });
    await using listening = await listenTo(server, ["--app", app, "--forward-to", `${local.url}/hooks?a=b`]);
    const id = await sendMessage(send, app, { eventType: "invoice.paid", payload: { n: 1 } });
    const [request] = await local.arrived(1);
    expect(request).toMatchObject({ id, method: "POST", path: "/hooks?a=b", body: Buffer.from('{"n":1}') });
    expect(request!.headers.get("content-type")).toBe("application/json");
    verifyRequest(request!, listening.secret);
    const [line] = await listening.forwarded(1);
    expect(line).toMatchObject({
      ...{ type: "request", messageId: id, eventType: "invoice.paid", method: "POST", status: 204, error: null },
      url: `${local.url}/hooks?a=b`,
    });
    expect(Date.parse(line!.time!)).toBeGreaterThan(0);
    expect(line!.durationMs).toBeNumber();
    expect(local.received).toHaveLength(1);
  });

  test("nothing is left behind by a listener that was killed with SIGKILL", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    const everything = async () => ({
      endpoints: (await send("GET", `/app/${app}/endpoint`)).json.data,
      tasks: (await send("GET", "/background-task")).json.data,
      dead: (await send("GET", `/app/${app}/dead-letter`)).json.data,
    });
    const before = await everything();
    await using listening = await listenTo(server, ["--app", app, "--forward-to", local.url]);
    expect(await everything()).toEqual(before);
    const id = await sendMessage(send, app);
    await listening.forwarded(1);
    listening.command.kill("SIGKILL");
    expect(await listening.command.exited).toBe(137);
    expect(await everything()).toEqual(before);
    expect((await send("GET", `/app/${app}/attempt/msg/${id}`)).json.data).toEqual([]);
  });

  test("an endpoint and several listeners each get every message", async () => {
    await using endpoint = startReceiver();
    await using local = startReceiver();
    const app = await makeApplication(send);
    await send("POST", `/app/${app}/endpoint`, { url: endpoint.url });
    await using _first = await listenTo(server, ["--app", app, "--forward-to", `${local.url}/1`]);
    await using _second = await listenTo(server, ["--app", app, "--forward-to", `${local.url}/2`]);
    const id = await sendMessage(send, app);
    expect((await endpoint.arrived(1)).map((request) => request.id)).toEqual([id]);
    const copies = await local.arrived(2);
    expect(copies.map(({ path }) => path).sort()).toEqual(["/1", "/2"]);
  });

  test("the secret of listeners stays the same, and --print-secret prints nothing else", async () => {
    const app = await makeApplication(send);
    const first = await command(["listen", "--app", app, "--print-secret"]);
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^whsec_\S+\n$/), stderr: "" });
    expect(await command(["listen", "--app", app, "--print-secret"])).toEqual(first);
    const other = await command(["listen", "--app", await makeApplication(send), "--print-secret"]);
    expect(other.stdout).not.toBe(first.stdout);
  });

  test("only the event types of --types are forwarded", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    await using listening = await listenTo(server, ["--app", app, "--forward-to", local.url, "--types", "a,c"]);
    for (const eventType of ["a", "b", "c"]) await sendMessage(send, app, { eventType });
    expect((await listening.forwarded(2)).map(({ eventType }) => eventType)).toEqual(["a", "c"]);
    expect(local.received).toHaveLength(2);
  });

  test("large and unusual payloads are forwarded byte for byte", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    await using listening = await listenTo(server, ["--app", app, "--forward-to", local.url]);
    const exact = '{"b": 1.0, "a": 12345678901234567890,\n "c":"\\u0001é"}';
    const large = JSON.stringify({ text: "x".repeat(20 * 1024 * 1024) });
    for (const payload of [exact, large]) {
      const body = `{"eventType":"a","payload":${payload}}`;
      expect((await send("POST", `/app/${app}/msg?with_content=false`, body)).status).toBe(202);
    }
    const requests = await local.arrived(2);
    const bodies = requests.map(({ body }) => body.toString()).sort((a, b) => a.length - b.length);
    expect(bodies[0]).toBe(exact);
    expect(bodies[1] === large).toBe(true);
    for (const request of requests) verifyRequest(request, listening.secret);
  });

  test("SIGINT and SIGTERM end listen with exit code 0, even while the local server hangs", async () => {
    await using local = startReceiver(heldBack().answering);
    const app = await makeApplication(send);
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      await using listening = await listenTo(server, ["--app", app, "--forward-to", local.url]);
      const id = await sendMessage(send, app);
      await local.arrived(1, (request) => request.id === id);
      listening.command.kill(signal);
      expect(await listening.command.exited).toBe(0);
      expect(listening.requests()).toEqual([]);
    }
  });

  test("statuses and errors of the local server are printed, and the listener goes on", async () => {
    await using local = startReceiver(withStatus(500));
    const app = await makeApplication(send);
    const port = freePort();
    await using failing = await listenTo(server, ["--app", app, "--forward-to", local.url]);
    await using absent = await listenTo(server, ["--app", app, "--forward-to", `http://127.0.0.1:${port}`]);
    await sendMessage(send, app);
    expect(await failing.line("request")).toMatchObject({ status: 500, error: null });
    expect(await absent.line("request")).toMatchObject({ status: null, error: expect.stringContaining("refused") });
    local.answering = ok;
    const next = await sendMessage(send, app);
    expect(await failing.line("request", ({ messageId }) => messageId === next)).toMatchObject({ status: 204 });
  });
});

describe("boathook listen --source", () => {
  test("a provider's requests are forwarded with their method, suffix, headers and body", async () => {
    await using endpoint = startReceiver();
    await using local = startReceiver();
    const source = await makeSource(send, endpoint.url);
    await using listening = await listenTo(server, ["--source", source.uid, "--forward-to", `${local.url}/base/`]);
    const body = stripeEvent();
    await postStripe({ url: `${source.url}/a%20b/c?x=1&y=%2F` }, body, { "x-custom": "yes", cookie: "secret" });
    const [request] = await local.arrived(1);
    expect(request).toMatchObject({ method: "POST", path: "/base/a%20b/c?x=1&y=%2F" });
    expect(request!.body.toString()).toBe(body);
    expect(request!.headers.get("stripe-signature")).toContain("v1=");
    expect(request!.headers.get("x-custom")).toBe("yes");
    expect(request!.headers.get("cookie")).toBeNull();
    expect(request!.headers.get("boathook-verification")).toBe("verified");
    verifyRequest(request!, listening.secret);
    expect(await listening.line("request")).toMatchObject({ eventType: "invoice.paid", status: 204 });
  });

  test("a source's requests are forwarded with their methods, and with bytes that are not text", async () => {
    await using endpoint = startReceiver();
    await using local = startReceiver();
    const source = await makeSource(send, endpoint.url, { fields: { type: "generic-webhook", config: {} } });
    await using listening = await listenTo(server, ["--source", source.uid, "--forward-to", local.url]);
    const bytes = new Uint8Array([0, 255, 128, 10, 27, 91]);
    await fetch(source.url, { method: "PUT", body: bytes, headers: { "content-type": "application/octet-stream" } });
    const [request] = await local.arrived(1);
    expect(request).toMatchObject({ method: "PUT", path: "/" });
    expect([...request!.body]).toEqual([...bytes]);
    expect(request!.headers.get("content-type")).toBe("application/octet-stream");
    expect(await listening.line("request")).toMatchObject({ method: "PUT", status: 204 });
  });
});

describe("boathook listen --replay", () => {
  const ids = async (listening: Awaited<ReturnType<typeof listenTo>>, count: number) =>
    (await listening.forwarded(count)).map(({ messageId }) => messageId);

  test("--replay last:N forwards the latest stored messages, and then new ones", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    const sent = await sendMessages(send, app, 5);
    const args = ["--app", app, "--forward-to", local.url, "--replay", "last:3"];
    await using listening = await listenTo(server, args);
    await listening.forwarded(3);
    const live = await sendMessage(send, app);
    const got = await ids(listening, 4);
    expect(got.slice(0, 3).sort()).toEqual(sent.slice(2).sort());
    expect(got[3]).toBe(live);
  });

  test("--replay since: takes a duration or a time", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    const sent = await sendMessages(send, app, 3);
    for (const replay of ["since:1h", `since:${new Date(Date.now() - 3_600_000).toISOString()}`]) {
      const args = ["--app", app, "--forward-to", local.url, "--replay", replay];
      await using listening = await listenTo(server, args);
      expect((await ids(listening, 3)).toSorted()).toEqual(sent.toSorted());
    }
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const args = ["--app", app, "--forward-to", local.url, "--replay", `since:${later}`];
    await using listening = await listenTo(server, args);
    const live = await sendMessage(send, app);
    expect(await ids(listening, 1)).toEqual([live]);
  });

  test("listen --replay skips no stored messages, even if there are more than 1,000", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    const sent = await sendMessages(send, app, 1500);
    const args = ["--app", app, "--forward-to", local.url, "--replay", "since:1h"];
    await using listening = await listenTo(server, args);
    expect((await ids(listening, 1500)).toSorted()).toEqual(sent.toSorted());
    expect(listening.lines().filter(({ type }) => type === "skipped")).toEqual([]);
  });

  test("--replay with ids forwards only these stored messages, and then new ones", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    const sent = await sendMessages(send, app, 4);
    const chosen = [sent[2]!, sent[0]!];
    const args = ["--app", app, "--forward-to", local.url, "--replay", chosen.join(",")];
    await using listening = await listenTo(server, args);
    await listening.forwarded(2);
    const live = await sendMessage(send, app);
    const got = await ids(listening, 3);
    expect(got.slice(0, 2).sort()).toEqual(chosen.sort());
    expect(got[2]).toBe(live);
  });

  test("--replay with a message that the application does not have ends listen with exit code 1", async () => {
    const app = await makeApplication(send);
    const foreign = await sendMessage(send, await makeApplication(send));
    const args = ["listen", "--app", app, "--forward-to", "localhost:1", "--replay", foreign];
    const { code, stderr } = await command(args);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `Message ${foreign} does not exist on the server at ${server.url}.\n`,
    });
  });
});

describe("what a listener may not do", () => {
  const refused: ReadonlyArray<
    readonly [name: string, token: () => Promise<string>, app: () => Promise<string>, stderr: RegExp]
  > = [
    [
      "a wrong token",
      async () => "bhk_wrong",
      () => makeApplication(send),
      /does not accept the token.*boathook login/,
    ],
    [
      "an application that does not exist",
      async () => ROOT_TOKEN,
      async () => "nobody",
      /^Application nobody does not/,
    ],
    [
      "an application of another customer",
      async () => server.createToken("--app", await makeApplication(send)),
      () => makeApplication(send),
      /^Application app-\S+ does not exist/,
    ],
    [
      "a read-only token",
      () => server.createToken("--read-only"),
      () => makeApplication(send),
      /403: A read-only token cannot do this\./,
    ],
  ];
  for (const [name, token, app, expected] of refused) {
    test(`${name} ends listen with one sentence and exit code 1`, async () => {
      for (const json of [[], ["--json"]]) {
        const args = ["listen", "--app", await app(), "--forward-to", "localhost:1", ...json];
        const { code, stdout, stderr } = await command(args, { BOATHOOK_TOKEN: await token() });
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
        expect(stderr).toMatch(expected);
        expect(stderr.trimEnd().split("\n")).toHaveLength(1);
      }
    });
  }

  test("a token of the application may listen to it", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    const token = await server.createToken("--app", app);
    await using listening = await listenTo(server, ["--app", app, "--forward-to", local.url], {
      BOATHOOK_TOKEN: token,
    });
    const id = await sendMessage(send, app);
    expect((await listening.forwarded(1))[0]?.messageId).toBe(id);
  });

  test("listen ends with exit code 1 when its token is revoked, and when the application is deleted", async () => {
    const app = await makeApplication(send);
    const token = await server.createToken("--app", app, "--name", freshUid("token"));
    const args = ["--app", app, "--forward-to", "localhost:1"];
    await using revoked = await listenTo(server, args, { BOATHOOK_TOKEN: token });
    await using deleted = await listenTo(server, args);
    const list = (await server.run("token", "list")).split("\n");
    const id = list.map((line) => line.split(/\s+/)[0]!).findLast((word) => word.startsWith("tok_"))!;
    await server.run("token", "revoke", id);
    expect(await revoked.command.exited).toBe(1);
    expect(revoked.command.stderr).toContain("does not accept the token");
    await send("DELETE", `/app/${app}`);
    expect(await deleted.command.exited).toBe(1);
    expect(deleted.command.stderr).toBe(`Application ${app} does not exist on the server at ${server.url}.\n`);
  });

  const USAGE: ReadonlyArray<readonly [name: string, args: readonly string[], stderr: RegExp]> = [
    ["neither an application nor a source", ["--forward-to", "localhost:1"], /Set either --app or --source\./],
    [
      "an application and a source",
      ["--app", "a", "--source", "b", "--forward-to", "localhost:1"],
      /cannot be used with/,
    ],
    ["no local server", ["--app", "demo"], /--forward-to/],
    ["a local server that is no URL", ["--app", "a", "--forward-to", "ftp://x"], /must be a URL such as/],
    ["an unknown replay", ["--app", "a", "--forward-to", "localhost:1", "--replay", "first:3"], /must be last:10/],
  ];
  for (const [name, args, expected] of USAGE) {
    test(`listen with ${name} is wrong usage`, async () => {
      const { code, stdout, stderr } = await command(["listen", ...args]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(expected);
    });
  }
});

test("requests of listeners have the signature headers that the server uses for endpoints", async () => {
  await using svix = { ...(await startServer(["--signature-headers=svix"])), [Symbol.asyncDispose]: () => svix.stop() };
  await using local = startReceiver();
  const app = await makeApplication(clientOf(svix.url));
  await using listening = await listenTo(svix, ["--app", app, "--forward-to", local.url]);
  const id = await sendMessage(clientOf(svix.url), app);
  const [request] = await local.arrived(1);
  expect([request!.headers.get("svix-id"), request!.headers.get("webhook-id")]).toEqual([id, null]);
  const renamed = [...request!.headers].map(([name, value]) => [name.replace("svix-", "webhook-"), value] as const);
  verifyRequest({ ...request!, headers: new Headers(renamed as [string, string][]) }, listening.secret);
});

test("listen prints no control characters of event types and responses", async () => {
  await using local = startReceiver();
  await using endpoint = startReceiver();
  const fields = { type: "generic-webhook", config: {}, eventType: "header:X-Type" };
  const source = await makeSource(send, endpoint.url, { fields });
  await using listening = await listenTo(server, ["--source", source.uid, "--forward-to", local.url]);
  await fetch(source.url, { method: "POST", body: "{}", headers: { "x-type": "\u009b31mred" } });
  await fetch(`${source.url}/\u009b31m%1b[2J`, { method: "POST", body: "{}" });
  await listening.forwarded(2);
  const output = listening.command.lines.join("\n") + listening.command.stderr;
  expect([...output].filter((character) => /[\p{Cc}\p{Cf}]/u.test(character) && character !== "\n")).toEqual([]);
});
