import { expect, test } from "bun:test";
import { makeApplication } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { startReceiver, withStatus } from "../support/receiver.ts";

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
