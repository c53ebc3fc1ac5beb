import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { type Receiver, startReceiver, withStatus } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

const PASSWORD = "p4ss%40word";

let server: TestServer;
let send: Send;
let receiver: Receiver;
beforeAll(async () => {
  receiver = startReceiver();
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(async () => {
  await server.stop();
  await receiver[Symbol.asyncDispose]();
});

const urlWith = (password: string, path = "/") => receiver.url.replace("://", `://user:${password}@`) + path;
const authorization = (password: string) => `Basic ${btoa(`user:${decodeURIComponent(password)}`)}`;

describe("the password in an endpoint's URL", () => {
  test("the password in an endpoint's URL is sent to the receiver and shown as *** in every API response", async () => {
    const app = await makeApplication(send);
    receiver.answering = withStatus(500);
    const endpoint = await makeEndpoint(send, app, urlWith(PASSWORD));
    const message = await sendMessage(send, app);
    const [attempt] = await attemptsOf(send, app, message);
    expect(attempt!.url).toBe(urlWith("***"));
    expect(receiver.received.at(-1)!.headers.get("authorization")).toBe(authorization(PASSWORD));
    const letters = await until(
      () => send("GET", `/app/${app}/dead-letter`),
      ({ json }) => json.data.length > 0,
    );
    expect(letters.json.data[0]).toMatchObject({ url: urlWith("***"), lastAttempt: { url: urlWith("***") } });

    const path = `/app/${app}/endpoint`;
    const answers = [
      letters,
      await send("GET", path),
      await send("GET", `${path}/${endpoint}`),
      await send("PATCH", `${path}/${endpoint}`, { description: "new" }),
      await send("PUT", `${path}/${endpoint}`, { url: urlWith("***") }),
      await send("GET", `/app/${app}/msg/${message}/endpoint`),
      await send("GET", `/app/${app}/attempt/endpoint/${endpoint}`),
      await send("GET", `/app/${app}/attempt/msg/${message}`),
      await send("POST", path, { url: urlWith(PASSWORD), uid: freshUid() }),
    ];
    for (const { status, text } of answers) {
      expect(status).toBeLessThan(300);
      expect(text).toContain(":***@");
      expect(text).not.toContain(PASSWORD);
    }
  });

  test("the password in an operational endpoint's URL is shown as ***", async () => {
    const url = urlWith(PASSWORD);
    const { json } = await send("POST", "/operational-webhook/endpoint", { url });
    expect(json.url).toBe(urlWith("***"));
    const path = `/operational-webhook/endpoint/${json.id}`;
    expect((await send("GET", path)).json.url).toBe(urlWith("***"));
    expect((await send("PUT", path, { url: urlWith("***", "/new") })).json.url).toBe(urlWith("***", "/new"));
    expect((await send("DELETE", path)).status).toBe(204);
  });

  test("an update with the masked URL keeps the stored password", async () => {
    const app = await makeApplication(send);
    receiver.answering = withStatus(200);
    const endpoint = await makeEndpoint(send, app, urlWith(PASSWORD));
    const path = `/app/${app}/endpoint/${endpoint}`;
    for (const [method, at] of [
      ["PATCH", "/patched"],
      ["PUT", "/put"],
    ] as const) {
      expect((await send(method, path, { url: urlWith("***", at) })).status).toBe(200);
      await attemptsOf(send, app, await sendMessage(send, app));
      const request = receiver.received.at(-1)!;
      expect([request.path, request.headers.get("authorization")]).toEqual([at, authorization(PASSWORD)]);
    }
  });

  test("a masked password is refused if no password is stored", async () => {
    const app = await makeApplication(send);
    const endpoint = await makeEndpoint(send, app, urlWith(PASSWORD));
    const path = `/app/${app}/endpoint/${endpoint}`;
    const refused = [
      await send("POST", `/app/${app}/endpoint`, { url: "https://user:***@example.com/" }),
      await send("PUT", `/app/${app}/endpoint/${freshUid("ep")}`, { url: "https://user:***@example.com/" }),
      await send("PATCH", path, { url: "https://user:***@example.com/" }),
      await send("PUT", path, { url: urlWith("***").replace("user:", "other:") }),
    ];
    for (const { status, json } of refused) {
      expect([status, json.detail[0].loc]).toEqual([422, ["body", "url"]]);
    }
    expect((await send("GET", path)).json.url).toBe(urlWith("***"));
  });
});
