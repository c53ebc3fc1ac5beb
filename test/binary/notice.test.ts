import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { selfSigned } from "../support/certificate.ts";
import { makeApplication } from "../support/client.ts";
import { makeEndpoint, sendMessage, until } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { startMailServer } from "../support/mail-server.ts";
import { ok, type Receiver, startReceiver, withStatus } from "../support/receiver.ts";
import { temporaryDirectory } from "../support/temporary.ts";

setDefaultTimeout(60_000);

const LOGIN = { user: "boathook", password: "secret-of-the-mail-server" };
const certificate = selfSigned("127.0.0.1");
const dir = temporaryDirectory();
writeFileSync(dir.file("ca.pem"), certificate.cert);
afterAll(() => dir[Symbol.dispose]());

const MAIL = ["--notify-mail=ops@example.com", "--notify-from=boathook@example.com", "--notify-after=1s"];
const environmentOf = (port: number, chat?: Receiver) => ({
  NODE_EXTRA_CA_CERTS: dir.file("ca.pem"),
  BOATHOOK_SMTP_URL: `smtp://${LOGIN.user}:${LOGIN.password}@127.0.0.1:${port}?starttls=required`,
  ...(chat !== undefined && {
    BOATHOOK_NOTIFY_SLACK: `${chat.url}/slack/secret-path`,
    BOATHOOK_NOTIFY_TEAMS: `${chat.url}/teams/secret-path`,
  }),
});

test("an endpoint that fails causes one notice in each channel, also over a restart, and one when it recovers", async () => {
  await using mail = await startMailServer({ certificate, login: LOGIN });
  await using chat = startReceiver();
  await using receiver = startReceiver(withStatus(500));
  const args = [
    ...MAIL,
    "--retry-schedule=200ms,200ms,200ms,200ms,200ms,1s,1s,1s,1s",
    "--public-url=https://hooks.example.com/base",
  ];
  await using boathook = await install(args, { env: environmentOf(mail.port, chat) });
  const { send } = boathook;
  const app = await makeApplication(send, { name: "Acme\r\nBcc: evil@example.com <b>" });
  const { id: appId } = (await send("GET", `/app/${app}`)).json;
  const endpoint = await makeEndpoint(send, app, `${receiver.url}/hook?token=hidden`);
  await sendMessage(send, app);

  const [failing] = await mail.arrived(1);
  const url = `${receiver.url}/hook?…`;
  expect(failing!.headers.get("to")).toBe("ops@example.com");
  expect(failing!.headers.has("bcc")).toBe(false);
  expect(failing!.text).toMatch(
    new RegExp(
      [
        "^Every attempt to deliver to this endpoint fails. Deliveries wait and are retried.",
        "",
        `Endpoint: ${RegExp.escape(url)} \\(${endpoint}\\)`,
        `Application: Acme Bcc: evil@example.com <b> \\(${appId}\\)`,
        "Environment: default",
        "Reason: the endpoint responded with a server error \\(5xx\\)",
        "Since: \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC \\(\\d+ seconds ago\\)",
        "",
        "Sent by Boathook at https://hooks.example.com/base.",
        "",
        `https://hooks.example.com/base/ui/#/app/${appId}/endpoint/${endpoint}\n$`,
      ].join("\n"),
    ),
  );
  const [slack] = await chat.arrived(1, ({ path }) => path.startsWith("/slack"));
  expect(JSON.parse(slack!.body.toString()).text).toContain("Acme Bcc: evil@example.com &lt;b&gt;");
  await chat.arrived(1, ({ path }) => path.startsWith("/teams"));

  await boathook.process.logged(({ event, channel }) => event === "notice.sent" && channel === "mail");
  await boathook.kill();
  await boathook.start();
  await sendMessage(send, app);
  await receiver.arrived(receiver.received.length + 3);
  receiver.answering = ok;
  await sendMessage(send, app);
  const [, recovered, ...others] = await mail.arrived(2);
  expect(recovered!.text).toStartWith("This endpoint works again: its latest attempt succeeded.");
  expect(others).toEqual([]);

  // The endpoint fails again within the quiet time, so nobody is told.
  receiver.answering = withStatus(410);
  await sendMessage(send, app);
  const [, , disabled] = await mail.arrived(3);
  expect(disabled!.text).toContain("Reason: the endpoint responded with 410 Gone\n");
  expect(mail.received).toHaveLength(3);
  await until(
    async () => chat.received.length,
    (count) => count === 6,
  );
  await boathook.process.stop();
  const log = JSON.stringify(boathook.process.log);
  for (const secret of [LOGIN.password, "secret-path"]) expect(log).not.toContain(secret);
});

test("a notice that the mail server does not take is sent when the server works again, and deliveries are not delayed", async () => {
  const stopped = await startMailServer({ certificate, login: LOGIN });
  const { port } = stopped;
  await stopped[Symbol.asyncDispose]();
  await using receiver = startReceiver(({ path }) => (path === "/bad" ? withStatus(500) : ok)({} as never));
  await using boathook = await install([...MAIL, "--retry-schedule="], { env: environmentOf(port) });
  const { send } = boathook;
  const app = await makeApplication(send);
  await makeEndpoint(send, app, `${receiver.url}/bad`);
  await makeEndpoint(send, app, `${receiver.url}/good`);
  await sendMessage(send, app);
  const failed = await boathook.process.logged(({ event }) => event === "notice.failed");
  expect(failed).toMatchObject({ level: "warn", channel: "mail", reason: expect.stringContaining("ECONNREFUSED") });
  const good = receiver.received.filter(({ path }) => path === "/good").length;
  await sendMessage(send, app);
  await receiver.arrived(good + 1, ({ path }) => path === "/good");
  await using mail = await startMailServer({ certificate, login: LOGIN, port });
  const [notice] = await mail.arrived(1);
  expect(notice!.text).toContain(`Endpoint: ${receiver.url}/bad`);
});

test("a server that hangs at a channel stops in time", async () => {
  await using receiver = startReceiver(({ path }) =>
    path === "/bad" ? withStatus(500)({} as never) : new Promise(() => {}),
  );
  await using boathook = await install(["--notify-after=0", "--retry-schedule="], {
    env: { BOATHOOK_NOTIFY_SLACK: `${receiver.url}/hangs` },
  });
  const app = await makeApplication(boathook.send);
  await makeEndpoint(boathook.send, app, `${receiver.url}/bad`);
  await sendMessage(boathook.send, app);
  await receiver.arrived(1, ({ path }) => path === "/hangs");
  expect(await boathook.process.stop()).toBe(0);
});

test("a backlog that grows causes one notice, and one when it has recovered", async () => {
  await using chat = startReceiver();
  await using receiver = startReceiver(() => new Promise(() => {}));
  await using boathook = await install(["--notify-after=1s", "--backlog-threshold=1s", "--endpoint-concurrency=1"], {
    env: { BOATHOOK_NOTIFY_SLACK: chat.url },
  });
  const app = await makeApplication(boathook.send);
  await makeEndpoint(boathook.send, app, receiver.url, { timeoutMs: 60_000 });
  await sendMessage(boathook.send, app);
  await sendMessage(boathook.send, app);
  const [growing] = await chat.arrived(1);
  expect(JSON.parse(growing!.body.toString()).text).toStartWith("Boathook: backlog growing in default\n");
  await boathook.process.logged(({ event }) => event === "notice.sent");
  receiver.answering = ok;
  await boathook.kill();
  await boathook.start();
  const [, recovered] = await chat.arrived(2);
  expect(JSON.parse(recovered!.body.toString()).text).toStartWith("Boathook: backlog recovered in default\n");
});
