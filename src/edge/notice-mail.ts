import type { SendMailOptions } from "nodemailer";
import { mailText, type NoticeChannel, type NoticeMessage, type NoticeResult, oneLine } from "../core/notice.ts";
import type { SmtpServer } from "../core/smtp-url.ts";

/** Time limit of each step: the connection, the greeting, and the silence of the server, in ms. */
const STEP_MS_MAX = 10_000;
const REPLY_CHARS_MAX = 200;

export interface MailOptions {
  readonly server: SmtpServer;
  readonly from: string;
  readonly to: readonly string[];
}

/** Sends notices by mail. Each notice has its own connection, because notices are rare. */
export class MailChannel implements NoticeChannel {
  readonly name = "mail";

  constructor(private readonly options: MailOptions) {}

  async send(message: NoticeMessage, signal: AbortSignal): Promise<NoticeResult> {
    const { from, to } = this.options;
    try {
      const { createTransport } = await import("nodemailer");
      const transport = createTransport(this.#transportOptions());
      const mail: SendMailOptions = {
        from: { name: "Boathook", address: from },
        to: [...to],
        subject: message.title,
        text: mailText(message),
        // Programs that answer mails automatically do not answer this one (RFC 3834).
        headers: { "Auto-Submitted": "auto-generated" },
        signal,
      };
      const { rejected } = await transport.sendMail(mail);
      return { sent: true, refused: rejected.map(addressOf) };
    } catch (error) {
      return { sent: false, reason: this.#reasonOf(error, signal) };
    }
  }

  #transportOptions() {
    const { host, port, login, encryption } = this.options.server;
    return {
      ...{ host, port, secure: encryption === "tls" },
      ...{ requireTLS: encryption === "required", ignoreTLS: encryption === "off" },
      ...(login !== null && { auth: { user: login.user, pass: login.password } }),
      ...{ connectionTimeout: STEP_MS_MAX, greetingTimeout: STEP_MS_MAX, socketTimeout: STEP_MS_MAX },
      ...{ dnsTimeout: STEP_MS_MAX, disableFileAccess: true, disableUrlAccess: true },
    };
  }

  /** Returns a sentence with the server's reply, which could quote the password. */
  #reasonOf(error: unknown, signal: AbortSignal): string {
    const { host, port, login } = this.options.server;
    const where = `The mail server ${host}:${port}`;
    if (signal.aborted) return `${where} did not take the mail in time.`;
    const { code, message = "", response } = error as { code?: string; message?: string; response?: string };
    let text = response === undefined ? `${code ?? ""} ${message}` : `${code ?? ""} ${response}`;
    if (login !== null) {
      // The arguments of AUTH PLAIN and AUTH LOGIN are in base64.
      const plain = Buffer.from(`\0${login.user}\0${login.password}`).toString("base64");
      for (const secret of [plain, login.password, Buffer.from(login.password).toString("base64")]) {
        text = text.replaceAll(secret, "***");
      }
    }
    return `${where} did not take the mail: ${oneLine(text, REPLY_CHARS_MAX)}`;
  }
}

function addressOf(recipient: string | { readonly address?: string }): string {
  return typeof recipient === "string" ? recipient : (recipient.address ?? "");
}
