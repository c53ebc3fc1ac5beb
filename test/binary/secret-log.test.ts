import { expect, test } from "bun:test";
import { makeApplication } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { startReceiver, withStatus } from "../support/receiver.ts";
import { issues, startTokenServer } from "../support/token-server.ts";

const PASSWORD = "p4ssw0rd-of-the-url";
const HEADER = "value-of-the-header";

test("at no level does the log contain the password in a URL or the headers of an endpoint", async () => {
  await using receiver = startReceiver(withStatus(500));
  await using boathook = await install(["--log-level=debug", "--retry-schedule="]);
  const { send, process } = boathook;
  const app = await makeApplication(send);
  const url = receiver.url.replace("://", `://user:${PASSWORD}@`);
  await makeEndpoint(send, app, url, { headers: { Authorization: HEADER } });
  await attemptsOf(send, app, await sendMessage(send, app));
  await process.logged(({ event }) => event === "endpoint.failing");
  expect(await process.stop()).toBe(0);
  const log = JSON.stringify(process.log);
  expect(log).not.toContain(PASSWORD);
  expect(log).not.toContain(HEADER);
});

test("at no level does the log contain a secret of an endpoint's authentication, a token or the password of the proxy", async () => {
  await using receiver = startReceiver(withStatus(500));
  await using tokens = startTokenServer();
  tokens.answering = issues({ access_token: "token-that-was-issued" });
  const proxy = "--egress-proxy=http://ann:password-of-the-proxy@127.0.0.1:1";
  const auths = [
    { type: "bearer", token: "token-of-the-receiver" },
    { type: "basic", user: "ann", password: "password-of-the-receiver" },
    { type: "oauth2", tokenUrl: tokens.tokenUrl, clientId: "c", clientSecret: "secret-of-the-client" },
  ];
  for (const more of [[], [proxy]]) {
    await using boathook = await install(["--log-level=debug", "--retry-schedule=", ...more]);
    const { send, process } = boathook;
    const app = await makeApplication(send);
    for (const auth of auths) await makeEndpoint(send, app, receiver.url, { auth });
    await attemptsOf(send, app, await sendMessage(send, app), auths.length);
    expect(await process.stop()).toBe(0);
    const log = JSON.stringify(process.log);
    expect(log).not.toMatch(/(token|password|secret)-(of|that)-/);
    expect(log).toContain(more.length === 0 ? "status_5xx" : "http://ann:***@127.0.0.1:1");
  }
});
