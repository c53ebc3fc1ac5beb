import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { proxyFor } from "../../src/cli/client/proxy.ts";
import { run } from "../support/binary.ts";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { startConnectProxy } from "../support/connect-proxy.ts";
import { sendMessage } from "../support/delivery.ts";
import { freePort } from "../support/free-port.ts";
import { startReceiver } from "../support/receiver.ts";
import { startCommand } from "../support/running-command.ts";
import { program, ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

/** A name that only the proxy can reach. */
const SERVER = "http://boathook.example:8071";
const access = { BOATHOOK_SERVER: SERVER, BOATHOOK_TOKEN: ROOT_TOKEN };

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

describe("a proxy in the environment of commands that call a server", () => {
  test("requests and WebSockets go through the proxy, and requests to the local server do not", async () => {
    using proxy = await startConnectProxy(server.url);
    await using local = startReceiver();
    const app = await makeApplication(send);
    const env = { ...access, HTTP_PROXY: proxy.url };
    const forward = ["--app", app, "--forward-to", local.url.replace("127.0.0.1", "localhost")];
    await using listening = await startCommand(["listen", ...forward], env);
    await listening.noted("Ready.");
    const { code, stderr } = await run(program, ["trigger", "--app", app, "a", "--data", "-"], { env, input: "{}" });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    await local.arrived(1);
    const id = await sendMessage(send, app);
    expect((await run(program, ["replay", id, ...forward], { env })).code).toBe(0);
    expect((await run(program, ["health", "--server", SERVER], { env })).code).toBe(0);
    const login = await run(program, ["login", "--server", SERVER], { env: { HTTP_PROXY: proxy.url }, input: "wrong" });
    expect(login).toMatchObject({ code: 1, stderr: expect.stringContaining("does not accept") });
    expect(proxy.seen).toContain("CONNECT boathook.example:8071 HTTP/1.1 user:pass@word");
    expect(proxy.seen).toContain(`POST ${SERVER}/api/v1/app/${app}/msg HTTP/1.1 user:pass@word`);
    expect(proxy.seen.filter((line) => line.includes("localhost"))).toEqual([]);
  });

  test("a server on this machine is reached without the proxy", async () => {
    const app = await makeApplication(send);
    const nowhere = `http://127.0.0.1:${freePort()}`;
    const env = {
      ...access,
      BOATHOOK_SERVER: server.url,
      HTTP_PROXY: nowhere,
      http_proxy: nowhere,
      ALL_PROXY: nowhere,
    };
    expect(await run(program, ["trigger", "--app", app, "a", "--data", "-"], { env, input: "{}" })).toMatchObject({
      ...{ code: 0, stderr: "" },
    });
  });

  test("a proxy that cannot be reached is named without its password", async () => {
    const port = freePort();
    const env = { ...access, HTTP_PROXY: `http://user:secret@127.0.0.1:${port}` };
    for (const args of [
      ["trigger", "--app", "acme", "a"],
      ["tail", "--app", "acme"],
    ]) {
      const { code, stdout, stderr } = await run(program, args, { env });
      expect({ code, stdout, stderr }).toEqual({
        ...{ code: 1, stdout: "" },
        stderr: expect.stringContaining(`cannot be reached through the proxy 127.0.0.1:${port} (`),
      });
      expect(stderr).not.toContain("secret");
    }
  });

  test("a variable that is not the URL of an HTTP proxy is reported without its value", async () => {
    for (const value of ["socks5://user:secret@127.0.0.1:1080", "::secret::"]) {
      const env = { ...access, HTTP_PROXY: value };
      expect(await run(program, ["trigger", "--app", "acme", "a"], { env })).toEqual({
        ...{ code: 1, stdout: "" },
        stderr: "The variable HTTP_PROXY must be the URL of an HTTP proxy, such as http://10.0.0.5:3128.\n",
      });
    }
  });
});

describe("the choice of a proxy", () => {
  const cases: ReadonlyArray<readonly [server: string, environment: Record<string, string>, place: string | null]> = [
    ["http://a.example", {}, null],
    ["http://a.example", { HTTP_PROXY: "" }, null],
    ["http://a.example", { HTTP_PROXY: "http://p:1" }, "p:1"],
    ["http://a.example", { HTTPS_PROXY: "http://p:1" }, null],
    ["https://a.example", { HTTPS_PROXY: "http://p:1", HTTP_PROXY: "http://q:1" }, "p:1"],
    ["https://a.example", { ALL_PROXY: "https://u:pw@p:1" }, "p:1"],
    ["https://a.example", { https_proxy: "p:1", HTTPS_PROXY: "q:1" }, "p:1"],
    ["http://localhost:8071", { HTTP_PROXY: "p:1" }, null],
    ["http://127.1.2.3", { HTTP_PROXY: "p:1" }, null],
    ["http://[::1]:8071", { HTTP_PROXY: "p:1" }, null],
    ["http://a.example", { HTTP_PROXY: "p:1", NO_PROXY: "*" }, null],
    ["http://a.example", { HTTP_PROXY: "p:1", NO_PROXY: "b.example, A.example" }, null],
    ["http://a.example", { HTTP_PROXY: "p:1", NO_PROXY: ".example" }, null],
    ["http://a.example", { HTTP_PROXY: "p:1", NO_PROXY: "*.example" }, null],
    ["http://a.example", { HTTP_PROXY: "p:1", NO_PROXY: "ple,,x" }, "p:1"],
    ["http://a.example", { HTTP_PROXY: "p:1", NO_PROXY: "a.example:81" }, "p:1"],
    ["http://a.example", { HTTP_PROXY: "p:1", NO_PROXY: "a.example:80" }, null],
    ["http://10.0.0.7:8071", { HTTP_PROXY: "p:1", no_proxy: "10.0.0.7:8071" }, null],
    ["http://[fd00::1]:8071", { HTTP_PROXY: "p:1", no_proxy: "[fd00::1]" }, null],
  ];
  for (const [url, environment, place] of cases) {
    test(`with ${JSON.stringify(environment)}, ${url} is reached ${place === null ? "directly" : `through ${place}`}`, () => {
      expect(proxyFor(url, environment)?.place ?? null).toBe(place);
    });
  }
});
