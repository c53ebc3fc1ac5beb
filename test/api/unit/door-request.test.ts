import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { listenOptions } from "../../../src/api/http/server.ts";
import { doorTargetOf, headersOf } from "../../../src/api/resources/door/request.ts";
import { connectRaw, exchangeRaw } from "../../support/raw-request.ts";

/**
 * States what the door gets of a request. Bun's HTTP server decides most of it, so a test that fails
 * after an update of Bun means that senders may be treated differently.
 */

let server: Bun.Server<undefined>;
beforeAll(() => {
  server = Bun.serve({
    ...listenOptions,
    hostname: "127.0.0.1",
    port: 0,
    routes: {
      "/in/*": async (request) => {
        const body = Buffer.from(await request.bytes()).toString("latin1");
        const { method } = request;
        return Response.json({ method, target: doorTargetOf(request.url, ""), headers: headersOf(request), body });
      },
    },
    fetch: () => new Response("other", { status: 404 }),
  });
});
afterAll(() => server.stop(true));

const url = () => server.url.href;

/** What the door got of a request, or the status of Bun's own response. */
async function got(request: string): Promise<{
  readonly method: string;
  readonly target: { readonly token: string; readonly suffix: string; readonly query: string } | null;
  readonly headers: Record<string, string>;
  readonly body: string;
}> {
  const { status, body } = await exchangeRaw(url(), request);
  if (status !== 200) throw new Error(`The server responded with ${status}.`);
  return JSON.parse(Buffer.from(body, "latin1").toString());
}

async function statusOf(request: string): Promise<number> {
  return (await exchangeRaw(url(), request)).status;
}

const post = (headers: string, body = "", target = "/in/t") =>
  `POST ${target} HTTP/1.1\r\nHost: x\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;

describe("headers at the door", () => {
  test("names are in lower case, and repeated values are joined in their order", async () => {
    const { headers } = await got(
      post("X-Event: a\r\nx-event: b\r\nX-Multi: 1, 2\r\nX-MULTI: 3\r\nSet-Cookie: c\r\nSet-Cookie: d\r\n"),
    );
    expect(headers).toEqual({
      host: "x",
      "content-length": "0",
      "x-event": "a, b",
      "x-multi": "1, 2, 3",
      "set-cookie": "c, d",
    });
  });

  test("values lose the white space around them, and may be empty", async () => {
    const { headers } = await got(post("X-A: \t a \t b \t \r\nX-Empty:\r\n"));
    expect(headers).toMatchObject({ "x-a": "a \t b", "x-empty": "" });
  });

  test("each byte of a value is one character", async () => {
    const { headers } = await got(post("X-Latin: caf\xe9\r\nX-Utf: caf\xc3\xa9\r\nX-Other: \x80\xff\r\n"));
    expect(headers).toMatchObject({ "x-latin": "caf\xe9", "x-utf": "caf\xc3\xa9", "x-other": "\x80\xff" });
  });

  test("a header may have the name of a property of objects", async () => {
    const request = new Request("http://x/");
    request.headers.set("__proto__", "1");
    const headers = headersOf(request);
    expect(Object.entries(headers)).toEqual([["__proto__", "1"]]);
  });

  test.each([
    ["a control character in a value", "X-A: a\x01b\r\n"],
    ["a name that is not ASCII", "X-\xdc: 1\r\n"],
    ["a value that continues on the next line", "X-A: a\r\n b\r\n"],
  ])("a request with %s is refused with 400", async (_, header) => {
    expect(await statusOf(post(header))).toBe(400);
  });

  test("a request with more than 16 KiB of headers is refused with 431", async () => {
    expect(await statusOf(post(`X-A: ${"a".repeat(12_000)}\r\n`))).toBe(200);
    expect(await statusOf(post(`X-A: ${"a".repeat(20_000)}\r\n`))).toBe(431);
  });

  test("a request without a Host header is refused with 400, except in HTTP/1.0", async () => {
    expect(await statusOf("POST /in/t HTTP/1.1\r\nContent-Length: 0\r\n\r\n")).toBe(400);
    expect((await got("POST /in/t/a?b HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi")).body).toBe("hi");
  });
});

describe("the URL at the door", () => {
  test.each([
    ["/in/t", "", ""],
    ["/in/t/", "/", ""],
    ["/in/t//a//b/", "//a//b/", ""],
    ["/in/t/a%2Fb/%20%zz/%7e~", "/a%2Fb/%20%zz/%7e~", ""],
    ["/in/t/a'b;c=d:e@f!$&()*+,[]", "/a'b;c=d:e@f!$&()*+,[]", ""],
    ["/in/t?", "", "?"],
    ["/in/t??a=b&&c=%41&d={}|^`", "", "??a=b&&c=%41&d={}|^`"],
    ["/in/t/x?y/z?w", "/x", "?y/z?w"],
  ])("suffix and query of %s are %s and %s, as they came", async (path, suffix, query) => {
    expect((await got(post("", "", path))).target).toEqual({ token: "t", suffix, query });
  });

  test.each([
    // The URL standard defines these changes, which Bun applies to every URL.
    ["/in/t/a/./b/../c", "/a/c", ""],
    ['/in/t/a\\b/{c}"<>', "/a/b/%7Bc%7D%22%3C%3E", ""],
    ["/in/t/caf\xe9", "/caf%EF%BF%BD", ""],
    ["/in/t/caf\xc3\xa9?\xc3\xa9", "/caf%C3%A9", "?%C3%A9"],
    ["/in/t?a='b'\"<>", "", "?a=%27b%27%22%3C%3E"],
  ])("Bun changes %s, so that suffix and query are %s and %s", async (path, suffix, query) => {
    expect((await got(post("", "", path))).target).toEqual({ token: "t", suffix, query });
  });

  test("the URL is not changed if the Host header is unusable, but has only printable characters", async () => {
    const request = "POST /in/t/a/../{b}\xc3\xa9?' HTTP/1.1\r\nHost: a b\r\nContent-Length: 0\r\n\r\n";
    expect((await got(request)).target).toEqual({ token: "t", suffix: "/a/../{b}%C3%A9", query: "?'" });
  });

  test("the absolute form of a URL is the same as its path", async () => {
    expect((await got(post("", "", "http://other/in/t/a?b"))).target).toEqual({
      token: "t",
      suffix: "/a",
      query: "?b",
    });
  });

  test.each(["//in/t", "/in", "/other/../in/t"])("a request to %s does not reach the door", async (path) => {
    expect(await statusOf(post("", "", path))).toBe(404);
  });

  test("a request that leaves the door by dot segments reaches it, without a token", async () => {
    expect((await got(post("", "", "/in/t/../../x"))).target).toBeNull();
  });

  test("the path of the public URL may come first", () => {
    const target = { token: "t", suffix: "/a", query: "?b" };
    expect(doorTargetOf("http://x/hooks/in/t/a?b", "/hooks")).toEqual(target);
    expect(doorTargetOf("http://x/in/t/a?b", "/hooks")).toEqual(target);
    expect(doorTargetOf("/in/t/a?b", "/hooks")).toEqual(target);
    expect(doorTargetOf("http://x/hooks2/in/t/a?b", "/hooks")).toBeNull();
  });
});

describe("methods and bodies at the door", () => {
  test.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "PROPFIND", "QUERY", "LINK"])(
    "a %s request arrives with its body, also in chunks",
    async (method) => {
      const head = `${method} /in/t HTTP/1.1\r\nHost: x\r\n`;
      expect(await got(`${head}Content-Length: 2\r\n\r\nhi`)).toMatchObject({ method, body: "hi" });
      const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n3\r\n yo\r\n0\r\n\r\n`;
      expect(await got(chunked)).toMatchObject({ method, body: "hi yo" });
    },
  );

  test.each(["GET", "HEAD", "TRACE"])("the body of a %s request is skipped and cannot be read", async (method) => {
    using connection = await connectRaw(url());
    connection.write(`${method} /in/t HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi`);
    const { status, body } = await connection.answer(method === "HEAD");
    expect([status, method === "HEAD" ? "" : JSON.parse(body).body]).toEqual([200, ""]);
    connection.write(post("", "next"));
    expect(JSON.parse((await connection.answer()).body).body).toBe("next");
  });

  test.each(["post", "NONSENSE"])("Bun closes the connection after the unknown method %s", async (method) => {
    expect(await statusOf(`${method} /in/t HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`)).toBe(0);
  });

  test("a body keeps all its bytes, whatever its content type and encoding", async () => {
    const bytes = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join("");
    const { body } = await got(
      post("Content-Encoding: gzip\r\nContent-Type: application/json; charset=utf-16\r\n", bytes),
    );
    expect(body).toBe(bytes);
  });

  test("`Expect: 100-continue` is answered before the body is sent", async () => {
    using connection = await connectRaw(url());
    connection.write("POST /in/t HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    connection.write("hi");
    expect(await connection.answer()).toMatchObject({ interim: [100], status: 200 });
  });

  test.each([
    ["both a length and chunks", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"],
    ["another transfer coding", "Transfer-Encoding: gzip, chunked\r\n"],
    ["a length with a sign", "Content-Length: +2\r\n"],
  ])("a request with %s is refused with 400", async (_, headers) => {
    expect(await statusOf(`POST /in/t HTTP/1.1\r\nHost: x\r\n${headers}\r\n2\r\nhi\r\n0\r\n\r\n`)).toBe(400);
  });
});
