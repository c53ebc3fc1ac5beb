import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { fromSources, run } from "../support/binary.ts";
import { fakeApi } from "../support/fake-api.ts";
import { freePort } from "../support/free-port.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const TOKEN = "bhk_test-only-token";
const MESSAGE_ID = "msg_0KfxFXFUH4hEMq0Y8gpRxcT2bSr";

const trigger = (url: string, args: readonly string[], token: string = TOKEN) =>
  run(fromSources, ["trigger", ...args], { env: { BOATHOOK_SERVER: url, BOATHOOK_TOKEN: token } });

describe("boathook trigger", () => {
  test("trigger asks the server for an example and prints only the id of the message", async () => {
    using server = fakeApi(() => Response.json({ id: MESSAGE_ID }, { status: 202 }));
    const { code, stdout, stderr } = await trigger(server.url, ["--source", "shop/1", "charge.refunded"]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${MESSAGE_ID}\n`, stderr: "" });
    expect(server.seen).toMatchObject([
      {
        method: "POST",
        path: "/ingest/api/v1/source/shop%2F1/send-example",
        headers: { authorization: `Bearer ${TOKEN}` },
        body: { eventType: "charge.refunded" },
      },
    ]);
  });

  test("the request of trigger contains no event type if none is given", async () => {
    using server = fakeApi(() => Response.json({ id: MESSAGE_ID }, { status: 202 }));
    await trigger(server.url, ["--source", "shop"]);
    expect(server.seen.map(({ body }) => body)).toEqual([{}]);
  });

  test("--server takes precedence over BOATHOOK_SERVER", async () => {
    using server = fakeApi(() => Response.json({ id: MESSAGE_ID }, { status: 202 }));
    const { code } = await trigger("http://127.0.0.1:1", ["--source", "shop", "--server", `${server.url}/`]);
    expect({ code, requests: server.seen.length }).toEqual({ code: 0, requests: 1 });
  });

  const REFUSALS: readonly (readonly [name: string, response: () => Response, stderr: string])[] = [
    [
      "an invalid token",
      () => Response.json({ code: "authentication_failed", detail: "Invalid token" }, { status: 401 }),
      "The server at {url} does not accept the token in BOATHOOK_TOKEN. Create one with `boathook token create`, or log in with `boathook login`.\n",
    ],
    [
      "a provider whose signing key only the sender has",
      () => Response.json({ code: "cannot_sign", detail: "Only the provider has the key." }, { status: 422 }),
      "The server responded with 422: Only the provider has the key.\n",
    ],
    [
      "an invalid field",
      () => Response.json({ detail: [{ loc: ["body", "eventType"], msg: "Wrong." }] }, { status: 422 }),
      "The server responded with 422: eventType: Wrong.\n",
    ],
    [
      "a page of a proxy",
      () => new Response("<h1>\n Bad\n</h1>", { status: 502 }),
      "The server responded with 502: <h1> Bad </h1>\n",
    ],
    [
      "a response that is not a message",
      () => Response.json([]),
      "The response contains no message. Check --server.\n",
    ],
    ["a redirect", () => Response.redirect("http://127.0.0.1:1/"), "The server responded with 302\n"],
  ];
  for (const [name, response, stderr] of REFUSALS) {
    test(`trigger exits with 1 and one sentence on stderr after ${name}`, async () => {
      using server = fakeApi(response);
      const expected = { code: 1, stdout: "", stderr: stderr.replace("{url}", server.url) };
      expect(await trigger(server.url, ["--source", "shop"])).toEqual(expected);
    });
  }

  test("trigger prints no control characters of responses", async () => {
    const hostile = "\u001b[31mred\u009b2J\u202e\r\n\u0007";
    using refusing = fakeApi(() => Response.json({ code: "x", detail: `Bad ${hostile}` }, { status: 422 }));
    using answering = fakeApi(() => Response.json({ id: hostile, eventType: hostile }));
    const outputs = [
      await trigger(refusing.url, ["--source", "shop"]),
      await trigger(answering.url, ["--source", "shop"]),
      await trigger(answering.url, ["--source", "shop", "--json"]),
      await trigger(`http://127.0.0.1:${freePort()}`, ["--source", hostile]),
    ];
    for (const { stdout, stderr } of outputs) {
      const text = stdout + stderr;
      expect(text.endsWith("\n")).toBe(true);
      expect([...text.slice(0, -1)].filter((character) => /[\p{Cc}\p{Cf}]/u.test(character))).toEqual([]);
    }
    expect(JSON.parse(outputs[2]!.stdout)).toEqual({ id: hostile, eventType: hostile });
  });

  test("trigger names a server that cannot be reached, without a stack trace", async () => {
    const url = `http://127.0.0.1:${freePort()}`;
    const { code, stdout, stderr } = await trigger(url, ["--source", "shop"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(new RegExp(`^The server at ${url} cannot be reached .*--server or BOATHOOK_SERVER\\.\\n$`));
  });

  const USAGE: readonly (readonly [name: string, args: readonly string[], token: string, stderr: RegExp])[] = [
    ["neither an application nor a source", [], TOKEN, /Set either --app or --source/],
    ["an application and a source", ["--source", "shop", "--app", "acme"], TOKEN, /cannot be used with/],
    ["an application and no event type", ["--app", "acme"], TOKEN, /missing required argument 'event'/i],
    ["no messages", ["--source", "shop", "--count", "0"], TOKEN, /from 1 to 1000000/],
    ["a rate of 0", ["--source", "shop", "--rate", "0"], TOKEN, /messages per second/],
    ["no token", ["--source", "shop"], "", /BOATHOOK_TOKEN/],
    ["a server without a scheme", ["--source", "shop", "--server", "localhost:8071"], TOKEN, /must be a URL such as/],
    ["two events", ["--source", "shop", "a", "b"], TOKEN, /too many arguments/i],
  ];
  for (const [name, args, token, expected] of USAGE) {
    test(`trigger with ${name} is wrong usage`, async () => {
      const { code, stdout, stderr } = await trigger("http://127.0.0.1:1", args, token);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(expected);
      expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    });
  }
});
