import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { run } from "../support/binary.ts";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint, sendMessage, sendMessages } from "../support/delivery.ts";
import { fakeApi } from "../support/fake-api.ts";
import { freePort } from "../support/free-port.ts";
import { ok, startReceiver } from "../support/receiver.ts";
import { program, ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";
import { makeSource } from "../support/source.ts";
import { postStripe, stripeEvent } from "../support/stripe.ts";
import { verifyRequest } from "../support/verify-request.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const replay = (args: readonly string[], env: Record<string, string> = {}) =>
  run(program, ["replay", ...args], { env: { BOATHOOK_SERVER: server.url, BOATHOOK_TOKEN: ROOT_TOKEN, ...env } });

const secretOf = async (app: string, endpoint: string): Promise<string> =>
  (await send("GET", `/app/${app}/endpoint/${endpoint}/secret`)).json.key;

describe("boathook replay", () => {
  test("replay sends messages in the given order, signed with the secret of the only endpoint, and exits with 0", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, "https://endpoint.example/");
    const sent = await sendMessages(send, app, 3);
    const wanted = [sent[2]!, sent[0]!];
    const args = [...wanted, "--app", app, "--forward-to", `${local.url}/hooks`];
    const { code, stdout, stderr } = await replay(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(local.received.map(({ id }) => id)).toEqual(wanted);
    const secret = await secretOf(app, endpoint);
    for (const request of local.received) verifyRequest(request, secret);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(new RegExp(`^\\d\\d:\\d\\d:\\d\\d  a  ${wanted[0]}  204  \\d+ ms$`));
  });

  test("replay refuses ids that would be another path, and a response without an id", async () => {
    for (const id of ["", ".."]) {
      const app = await makeApplication(send);
      for (const args of [
        [id, "--app", app],
        ["msg_a", "--app", id],
        ["msg_a", "--app", app, "--endpoint", id],
      ]) {
        expect(await replay([...args, "--forward-to", "http://127.0.0.1:9"])).toEqual({
          ...{ code: 2, stdout: "", stderr: `"${id}" is not an id or uid.\n` },
        });
      }
    }
    using other = fakeApi(({ path }) =>
      Response.json(
        path.includes("/listen/secret")
          ? { key: `whsec_${"A".repeat(43)}=`, signatureHeaders: "standard" }
          : { data: [] },
      ),
    );
    const args = ["msg_a", "--app", "acme", "--forward-to", "http://127.0.0.1:9"];
    expect(await replay(args, { BOATHOOK_SERVER: other.url })).toEqual({
      ...{ code: 1, stdout: "", stderr: "The response contains no id. Check --server.\n" },
    });
  });

  test("replay of an application without endpoints signs with the secret of the listeners, and its token needs no --app", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    const id = await sendMessage(send, app);
    const env = { BOATHOOK_TOKEN: await server.createToken("--app", app) };
    const { code, stdout } = await replay([id, "--forward-to", local.url, "--json"], env);
    expect({ code, line: JSON.parse(stdout) }).toMatchObject({
      code: 0,
      line: { type: "request", messageId: id, eventType: "a", method: "POST", status: 204, error: null },
    });
    verifyRequest(local.received[0]!, (await send("GET", `/app/${app}/listen/secret`)).json.key);
  });

  test("replay of an application with several endpoints needs --endpoint, and signs with its secret", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    const first = await makeEndpoint(send, app, "https://one.example/", { uid: "one" });
    await makeEndpoint(send, app, "https://two.example/", { uid: "two" });
    const id = await sendMessage(send, app);
    const args = [id, "--app", app, "--forward-to", local.url];
    const { code, stdout, stderr } = await replay(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/several endpoints\. Set --endpoint to one of (one, two|two, one)\.\n$/i);
    expect((await replay([...args, "--endpoint", "one"])).code).toBe(0);
    verifyRequest(local.received[0]!, await secretOf(app, first));
    expect(await replay([...args, "--endpoint", "three"])).toEqual({
      ...{ code: 1, stdout: "" },
      stderr: `Endpoint three does not exist on the server at ${server.url}.\n`,
    });
  });

  test("replay exits with 1 if a response is not a success, after it has sent the other messages", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    const [one, two] = await sendMessages(send, app, 2);
    local.answering = (request) => (request.id === one ? new Response(null, { status: 500 }) : ok(request));
    const failed = await replay([one!, two!, "--app", app, "--forward-to", local.url]);
    expect({ code: failed.code, stderr: failed.stderr, requests: local.received.length }).toEqual({
      ...{ code: 1, stderr: "", requests: 2 },
    });
    const absent = await replay([one!, "--app", app, "--forward-to", `localhost:${freePort()}`, "--json"]);
    expect(absent.code).toBe(1);
    expect(JSON.parse(absent.stdout)).toMatchObject({ status: null, error: expect.stringMatching(/refused/i) });
  });

  test("replayed messages of a source keep their method, path and headers", async () => {
    await using local = startReceiver();
    await using endpoint = startReceiver();
    const source = await makeSource(send, endpoint.url);
    const body = stripeEvent();
    await postStripe({ url: `${source.url}/a?b=c` }, body);
    const [delivered] = await endpoint.arrived(1);
    const { code } = await replay([delivered!.id, "--source", source.uid, "--forward-to", local.url]);
    expect(code).toBe(0);
    expect(local.received[0]).toMatchObject({ path: "/a?b=c", body: Buffer.from(body) });
    expect(local.received[0]!.headers.get("stripe-signature")).toBe(delivered!.headers.get("stripe-signature"));
  });

  test("replay takes the eventId of a message, and reports a message that does not exist before it sends any", async () => {
    await using local = startReceiver();
    const app = await makeApplication(send);
    const id = await sendMessage(send, app, { eventId: "event-1" });
    expect((await replay(["event-1", "--app", app, "--forward-to", local.url])).code).toBe(0);
    expect(local.received.map((request) => request.id)).toEqual([id]);
    const { code, stderr } = await replay([id, "msg_none", "--app", app, "--forward-to", local.url]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `Message msg_none does not exist on the server at ${server.url}.\n`,
    });
    expect(local.received).toHaveLength(1);
  });

  test("replay with an endpoint that signs with a private key fails with one sentence", async () => {
    const app = await makeApplication(send);
    await makeEndpoint(send, app, "https://endpoint.example/", { secret: `whsk_${ed25519Key()}` });
    const id = await sendMessage(send, app);
    const { code, stderr } = await replay([id, "--app", app, "--forward-to", "localhost:1"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The endpoint \S+ signs with a private key, which the server does not show\.\n$/);
  });

  for (const [name, args, expected] of [
    ["no message", ["--app", "a", "--forward-to", "localhost:1"], /missing required argument 'message'/i],
    ["no local server", ["msg_1", "--app", "a"], /--forward-to/],
    ["a token for a whole environment and no application", ["msg_1", "--forward-to", "localhost:1"], /Set --app or/],
  ] as const) {
    test(`replay with ${name} is wrong usage`, async () => {
      const { code, stdout, stderr } = await replay(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(expected);
    });
  }
});

/** Returns a seed and its public key in base64. */
function ed25519Key(): string {
  const { d = "", x = "" } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  return Buffer.concat([Buffer.from(d, "base64url"), Buffer.from(x, "base64url")]).toString("base64");
}
