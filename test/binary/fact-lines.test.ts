import { expect, test } from "bun:test";
import { makeApplication } from "../support/client.ts";
import { makeEndpoint, sendMessage } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { ok, startReceiver, withStatus } from "../support/receiver.ts";

/** Tests log lines about the start, failing endpoints and attempts. */

test("the first log line contains the version, the data directory and the settings in force, without secrets", async () => {
  await using boathook = await install(["--retry-schedule=1h"], {
    env: { BOATHOOK_ENCRYPTION_KEY: "5".repeat(64) },
  });
  const started = await boathook.process.logged(({ event }) => event === "started");
  expect(started).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    dataDir: boathook.dataDir,
    url: boathook.url,
    settings: {
      "retry-schedule": "1h",
      "allow-subnets": "127.0.0.0/8",
      "encryption-key": "[set]",
      "root-token": "[set]",
      "jwt-secret": null,
    },
  });
  expect(JSON.stringify(boathook.process.log)).not.toContain("5".repeat(64));
});

test("a failing endpoint is logged once, even across a restart, and once more when it recovers", async () => {
  await using receiver = startReceiver(withStatus(503));
  await using boathook = await install(["--retry-schedule="]);
  const app = await makeApplication(boathook.send);
  const endpoint = await makeEndpoint(boathook.send, app, `${receiver.url}/hook?token=secret`);
  const lines = (event: string) => boathook.process.log.filter((line) => line.event === event);
  await sendMessage(boathook.send, app);
  const failing = await boathook.process.logged(({ event }) => event === "endpoint.failing");
  expect(failing).toMatchObject({
    level: "warn",
    msg: "Endpoint is failing.",
    endpointId: endpoint,
    appId: expect.stringMatching(/^app_/),
    url: `${receiver.url}/hook`,
    reason: "status_5xx",
    status: 503,
    msgId: expect.stringMatching(/^msg_/),
    deliveryId: expect.stringMatching(/^dlv_/),
    attemptId: expect.stringMatching(/^atmpt_/),
  });
  await sendMessage(boathook.send, app);
  await receiver.arrived(2);
  await boathook.kill();
  await boathook.start();
  await sendMessage(boathook.send, app);
  await receiver.arrived(3);
  receiver.answering = ok;
  await sendMessage(boathook.send, app);
  const recovered = await boathook.process.logged(({ event }) => event === "endpoint.recovered");
  expect(recovered).toMatchObject({ level: "info", endpointId: endpoint, failedFor: expect.any(String) });
  expect(lines("endpoint.failing")).toEqual([]);
  expect(JSON.stringify(boathook.process.log)).not.toContain("token=secret");
});

test("every attempt is logged at level debug, and none at level info", async () => {
  await using receiver = startReceiver();
  await using boathook = await install(["--log-level=debug"]);
  const app = await makeApplication(boathook.send);
  const endpoint = await makeEndpoint(boathook.send, app, receiver.url);
  const message = await sendMessage(boathook.send, app);
  const attempt = await boathook.process.logged(({ event }) => event === "attempt");
  expect(attempt).toMatchObject({
    level: "debug",
    msgId: message,
    attemptId: expect.stringMatching(/^atmpt_/),
    endpointId: endpoint,
    outcome: "success",
    status: 204,
    durationMs: expect.any(Number),
  });
  await boathook.kill();
  await boathook.start("--log-level=info");
  await sendMessage(boathook.send, app);
  await receiver.arrived(2);
  await boathook.process.stop();
  expect(boathook.process.log.filter(({ event }) => event === "attempt")).toEqual([]);
});
