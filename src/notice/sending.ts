import type { Facts } from "../core/fact.ts";
import type { NoticeChannel, NoticeMessage, NoticeResult } from "../core/notice.ts";
import type { Clock } from "../ports.ts";

/** Time limit of one attempt to send a notice, in ms. */
const SEND_MS_MAX = 20_000;

export interface SendingParts {
  readonly clock: Clock;
  readonly facts: Facts;
}

/** Sends a message to a channel within a time limit, and publishes the result. Never rejects. */
export async function sendNotice(
  { clock, facts }: SendingParts,
  channel: NoticeChannel,
  message: NoticeMessage,
  { count, isTest, stopping }: { readonly count: number; readonly isTest: boolean; readonly stopping: AbortSignal },
): Promise<NoticeResult> {
  const limit = new AbortController();
  const cancel = clock.after(SEND_MS_MAX, () => limit.abort());
  const result = await channel.send(message, AbortSignal.any([limit.signal, stopping]));
  cancel();
  const about = { channel: channel.name, isTest };
  if (result.sent) facts.state({ type: "notice.sent", ...about, count, refused: result.refused });
  else if (!stopping.aborted) facts.state({ type: "notice.failed", ...about, reason: result.reason });
  return result;
}
