import { expect, test } from "bun:test";
import type { NoticeMessage } from "../../src/core/notice.ts";
import type { SmtpServer } from "../../src/core/smtp-url.ts";
import { MailChannel } from "../../src/edge/notice-mail.ts";
import { selfSigned } from "../support/certificate.ts";
import { freePort } from "../support/free-port.ts";
import { startMailServer, startSilentServer } from "../support/mail-server.ts";

const LOGIN = { user: "boathook", password: "a/very=secret+password" };

const message: NoticeMessage = {
  title: "Größe\r\nBcc: evil@example.com",
  lines: [".", "Zeile mit ü", "From here on"],
  link: "https://hooks.example.com/ui/#/system",
};

function channel(port: number, more: Partial<SmtpServer> = {}, to = ["ops@example.com"]): MailChannel {
  const server: SmtpServer = { host: "127.0.0.1", port, login: null, encryption: "off", ...more };
  return new MailChannel({ server, from: "boathook@example.com", to });
}

const never = new AbortController().signal;

test("a mail has its texts, the recipients and no other header fields than ours, whatever its title", async () => {
  await using server = await startMailServer();
  const sent = await channel(server.port, {}, ["a@example.com", "b@example.com"]).send(message, never);
  expect(sent).toEqual({ sent: true, refused: [] });
  const [mail] = server.received;
  expect([mail!.from, mail!.to]).toEqual(["boathook@example.com", ["a@example.com", "b@example.com"]]);
  expect(mail!.text).toBe(".\nZeile mit ü\nFrom here on\n\nhttps://hooks.example.com/ui/#/system\n");
  expect([...mail!.headers.keys()].sort()).toEqual(
    [
      ...["auto-submitted", "content-transfer-encoding", "content-type", "date", "from"],
      ...["message-id", "mime-version", "subject", "to"],
    ].sort(),
  );
  expect(mail!.headers.get("auto-submitted")).toBe("auto-generated");
  expect(mail!.headers.get("content-type")).toBe("text/plain; charset=utf-8");
});

test("recipients that the server refuses are reported, and the others get the mail", async () => {
  await using server = await startMailServer({ refuses: (address) => address.startsWith("gone") });
  const both = channel(server.port, {}, ["ops@example.com", "gone@example.com"]);
  expect(await both.send(message, never)).toEqual({ sent: true, refused: ["gone@example.com"] });
  expect(server.received.map(({ to }) => to)).toEqual([["ops@example.com"]]);
  const none = await channel(server.port, {}, ["gone@example.com"]).send(message, never);
  expect(none).toEqual({
    sent: false,
    reason: `The mail server 127.0.0.1:${server.port} did not take the mail: EENVELOPE 550 no such user`,
  });
});

test("a failed login is reported with the reply of the server but without the password", async () => {
  await using server = await startMailServer({ login: LOGIN });
  const failed = await channel(server.port, { login: { ...LOGIN, password: "wrong" } }).send(message, never);
  expect(failed).toEqual({
    sent: false,
    reason: `The mail server 127.0.0.1:${server.port} did not take the mail: EAUTH 535 The login of boathook with *** failed: AUTH PLAIN ***`,
  });
  expect(await channel(server.port, { login: LOGIN }).send(message, never)).toMatchObject({ sent: true });
});

test("no mail is sent and no login tried over a connection that is not encrypted as required", async () => {
  await using plain = await startMailServer();
  const required = { login: LOGIN, encryption: "required" } as const;
  expect(await channel(plain.port, required).send(message, never)).toMatchObject({
    sent: false,
    reason: expect.stringContaining("ETLS"),
  });
  await using unknown = await startMailServer({ certificate: selfSigned("127.0.0.1"), login: LOGIN });
  expect(await channel(unknown.port, required).send(message, never)).toMatchObject({
    sent: false,
    reason: expect.stringContaining("self signed certificate"),
  });
  expect([plain.received, unknown.received]).toEqual([[], []]);
});

test("a server that does not respond is given up when the time is over", async () => {
  await using server = await startSilentServer();
  const failed = await channel(server.port).send(message, AbortSignal.timeout(200));
  expect(failed).toEqual({
    sent: false,
    reason: `The mail server 127.0.0.1:${server.port} did not take the mail in time.`,
  });
});

test("a server that cannot be reached is reported", async () => {
  expect(await channel(freePort()).send(message, never)).toMatchObject({
    sent: false,
    reason: expect.stringContaining("ECONNREFUSED"),
  });
});
