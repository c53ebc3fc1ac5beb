import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { selfSigned } from "../support/certificate.ts";
import { clientOf, type Send } from "../support/client.ts";
import { type MailServer, startMailServer } from "../support/mail-server.ts";
import { type Receiver, startReceiver, withStatus } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const LOGIN = { user: "boathook@example.com", password: "secret/of=the:mail@server" };
const certificate = selfSigned("127.0.0.1");

const dir = temporaryDirectory();
let mail: MailServer;
let chat: Receiver;
let server: TestServer;
let send: Send;
beforeAll(async () => {
  mail = await startMailServer({ certificate, login: LOGIN, refuses: (address) => address === "gone@example.com" });
  chat = startReceiver();
  writeFileSync(dir.file("ca.pem"), certificate.cert);
  const user = encodeURIComponent(LOGIN.user);
  const password = encodeURIComponent(LOGIN.password);
  server = await startServer(["--notify-mail=ops@example.com,gone@example.com", "--notify-from=boathook@example.com"], {
    NODE_EXTRA_CA_CERTS: dir.file("ca.pem"),
    BOATHOOK_SMTP_URL: `smtp://${user}:${password}@127.0.0.1:${mail.port}?starttls=required`,
    BOATHOOK_NOTIFY_SLACK: `${chat.url}/slack/secret-path`,
    BOATHOOK_NOTIFY_TEAMS: `${chat.url}/teams/secret-path`,
  });
  send = clientOf(server.url);
});
afterAll(async () => {
  await server.stop();
  await mail[Symbol.asyncDispose]();
  await chat[Symbol.asyncDispose]();
  dir[Symbol.dispose]();
});

const metric = async (channel: string, outcome: string) => {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(
    text.match(new RegExp(`^boathook_notices_total{channel="${channel}",outcome="${outcome}"} (.*)$`, "m"))?.[1],
  );
};

describe("a test notice", () => {
  test("it reaches every channel, over an encrypted connection with a login for mail", async () => {
    const { status, json } = await send("POST", "/notice/test");
    expect(status).toBe(200);
    expect(json).toEqual({
      channels: [
        { channel: "mail", sent: true, detail: "Refused recipients: gone@example.com." },
        { channel: "slack", sent: true, detail: null },
        { channel: "teams", sent: true, detail: null },
      ],
    });
    const [notice] = await mail.arrived(1);
    expect(notice).toMatchObject({ to: ["ops@example.com"], isEncrypted: true });
    expect(notice!.headers.get("subject")).toBe("Boathook: test notice");
    expect(notice!.text).toContain(`Sent by Boathook at ${server.url}.\n\n${server.url}/ui/#/system\n`);
    const [slack] = await chat.arrived(1, ({ path }) => path === "/slack/secret-path");
    expect(JSON.parse(slack!.body.toString())).toEqual({ text: expect.stringContaining("Boathook: test notice") });
    const [teams] = await chat.arrived(1, ({ path }) => path === "/teams/secret-path");
    expect(JSON.parse(teams!.body.toString()).attachments[0].content.type).toBe("AdaptiveCard");
    expect(await metric("mail", "sent")).toBe(1);
  });

  test("a channel that fails is reported without secrets and counted, and the others get the notice", async () => {
    chat.answering = ({ path }) => (path.startsWith("/slack") ? withStatus(500) : withStatus(202))({} as never);
    const { status, text, json } = await send("POST", "/notice/test");
    expect(status).toBe(200);
    expect(json.channels).toEqual([
      expect.objectContaining({ channel: "mail", sent: true }),
      { channel: "slack", sent: false, detail: "The webhook responded with status 500." },
      { channel: "teams", sent: true, detail: null },
    ]);
    expect(text).not.toContain("secret");
    expect(await metric("slack", "failed")).toBe(1);
  });

  test("calls at the same time send one notice", async () => {
    const before = mail.received.length;
    await Promise.all(Array.from({ length: 5 }, () => send("POST", "/notice/test")));
    expect(mail.received.length).toBe(before + 1);
  });

  test("only the root token may send it", async () => {
    const token = await server.createToken("--environment=Default");
    expect((await send("POST", "/notice/test", undefined, { token })).status).toBe(403);
  });

  test("the secrets of the channels are not shown by the API", async () => {
    const { text, json } = await send("GET", "/system");
    expect(json.notices).toEqual(["mail", "slack", "teams"]);
    expect(text).not.toContain("secret-path");
    expect(text).not.toContain(encodeURIComponent(LOGIN.password));
  });
});

test("without channels, a test notice is refused with the settings to make", async () => {
  const plain = await startServer();
  const { status, json } = await clientOf(plain.url)("POST", "/notice/test");
  await plain.stop();
  expect([status, json]).toEqual([
    409,
    { code: "no_channels", detail: "No channel is configured. Set notify-mail, notify-slack or notify-teams." },
  ]);
});
