import { type AddressInfo, createServer } from "node:net";
import { SMTPServer } from "smtp-server";
import type { Certificate } from "./certificate.ts";

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** The header and the encoded body. */
  readonly raw: string;
  /** The header fields, unfolded, by their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The decoded text. */
  readonly text: string;
  /** Whether the connection was encrypted. */
  readonly isEncrypted: boolean;
}

export interface MailServer extends AsyncDisposable {
  readonly port: number;
  readonly received: readonly ReceivedMail[];
  /** Resolves with all mails as soon as there are `count` of them. */
  arrived(count: number): Promise<readonly ReceivedMail[]>;
}

export interface MailServerOptions {
  /** With a certificate, the server offers STARTTLS and requires it before a login. */
  readonly certificate?: Certificate;
  /** Without a login, the server takes mails from everyone. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Refuses recipients. */
  readonly refuses?: (address: string) => boolean;
  readonly port?: number;
}

/** Starts a real mail server on 127.0.0.1. */
export async function startMailServer(options: MailServerOptions = {}): Promise<MailServer> {
  const { certificate, login, refuses = () => false, port = 0 } = options;
  const received: ReceivedMail[] = [];
  const waiting = new Set<() => void>();
  const server = new SMTPServer({
    ...(certificate === undefined ? { disabledCommands: ["STARTTLS"] } : certificate),
    ...(login === undefined ? { authOptional: true } : { allowInsecureAuth: certificate === undefined }),
    onAuth({ username, password }, _session, done) {
      if (username === login?.user && password === login?.password) done(null, { user: username });
      else
        done(new Error(`The login of ${username} with ${password} failed: AUTH PLAIN ${plainOf(username, password)}`));
    },
    onRcptTo({ address }, _session, done) {
      done(refuses(address) ? Object.assign(new Error("no such user"), { responseCode: 550 }) : null);
    },
    async onData(stream, session, done) {
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      const raw = Buffer.concat(chunks).toString();
      const { mailFrom, rcptTo } = session.envelope;
      const from = mailFrom === false ? "" : mailFrom.address;
      received.push({ from, to: rcptTo.map(({ address }) => address), ...parsed(raw), isEncrypted: session.secure });
      done();
      for (const look of waiting) look();
    },
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    received,
    arrived: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (received.length < count) return;
          waiting.delete(look);
          resolve(received);
        };
        waiting.add(look);
        look();
      }),
    [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

/** Returns the argument of AUTH PLAIN (RFC 4616), which some servers quote. */
function plainOf(user: string | null | undefined, password: string | null | undefined): string {
  return Buffer.from(`\0${user ?? ""}\0${password ?? ""}`).toString("base64");
}

/** Starts a server that accepts connections and never says anything. */
export async function startSilentServer(): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

function parsed(raw: string): Pick<ReceivedMail, "raw" | "headers" | "text"> {
  const end = raw.indexOf("\r\n\r\n");
  const fields = raw
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, " ")
    .split("\r\n");
  const headers = new Map(
    fields.map((field) => {
      const colon = field.indexOf(":");
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()] as const;
    }),
  );
  return { raw, headers, text: decoded(raw.slice(end + 4), headers.get("content-transfer-encoding") ?? "7bit") };
}

function decoded(body: string, encoding: string): string {
  const text = body.replaceAll("\r\n", "\n");
  if (encoding === "base64") return Buffer.from(text, "base64").toString();
  if (encoding !== "quoted-printable") return text;
  const bytes = text
    .replace(/=\n/g, "")
    .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}
