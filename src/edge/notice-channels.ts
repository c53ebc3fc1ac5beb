import type { NoticeChannel } from "../core/notice.ts";
import type { SmtpServer } from "../core/smtp-url.ts";
import { MailChannel } from "./notice-mail.ts";
import { WebhookChannel, type WebhookNetwork } from "./notice-webhook.ts";

export interface NoticeChannelSettings {
  readonly notifyMail: readonly string[];
  readonly notifyFrom: string | null;
  readonly smtpUrl: SmtpServer | null;
  readonly notifySlack: string | null;
  readonly notifyTeams: string | null;
}

/** Returns the channels that the settings name. */
export function noticeChannels(settings: NoticeChannelSettings, network: WebhookNetwork): readonly NoticeChannel[] {
  const { notifyMail: to, notifyFrom: from, smtpUrl: server, notifySlack, notifyTeams } = settings;
  return [
    ...(server === null || from === null || to.length === 0 ? [] : [new MailChannel({ server, from, to })]),
    ...(notifySlack === null ? [] : [new WebhookChannel("slack", notifySlack, network)]),
    ...(notifyTeams === null ? [] : [new WebhookChannel("teams", notifyTeams, network)]),
  ];
}
