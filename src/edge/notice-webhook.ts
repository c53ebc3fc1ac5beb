import { type NoticeChannel, type NoticeMessage, type NoticeResult, slackBody, teamsBody } from "../core/notice.ts";

const BODIES = { slack: slackBody, teams: teamsBody } as const;

/**
 * Posts notices to a URL of Slack or Microsoft Teams. The URL is a setting of the operator, so its
 * address may be private. The URL is a secret and appears in no message.
 */
export class WebhookChannel implements NoticeChannel {
  constructor(
    readonly name: keyof typeof BODIES,
    private readonly url: string,
  ) {}

  async send(message: NoticeMessage, signal: AbortSignal): Promise<NoticeResult> {
    try {
      const response = await fetch(this.url, {
        method: "POST",
        headers: { "content-type": "application/json", "user-agent": "Boathook" },
        body: JSON.stringify(BODIES[this.name](message)),
        redirect: "manual",
        keepalive: false,
        decompress: false,
        signal,
      });
      await response.body?.cancel();
      if (response.ok) return { sent: true, refused: [] };
      return { sent: false, reason: `The webhook responded with status ${response.status}.` };
    } catch (error) {
      return { sent: false, reason: signal.aborted ? "The webhook did not respond in time." : connectReason(error) };
    }
  }
}

/** The message of an error can contain the URL, so only its code is used. */
function connectReason(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return `The request to the webhook failed: ${String(code ?? name ?? "unknown error")}.`;
}
