import type { Facts } from "../core/facts.ts";
import type { NoticeChannel, NoticeMessage, NoticeResult } from "../core/notice.ts";
import type { Clock } from "../ports.ts";

/** Time limit of one attempt to send a notice, in ms. */
const SEND_MS_MAX = 20_000;

export interface SendingParts {
  readonly clock: Clock;
  readonly facts: Facts;
}

/** Sends a message to a channel within a time limit, or until the server stops. Never rejects. */
export async function sendNotice(
  { clock }: SendingParts,
  channel: NoticeChannel,
  message: NoticeMessage,
  stopping: AbortSignal,
): Promise<NoticeResult> {
  const limit = new AbortController();
  const cancel = clock.after(SEND_MS_MAX, () => limit.abort());
  const result = await channel.send(message, AbortSignal.any([limit.signal, stopping]));
  cancel();
  return result;
}

/** Publishes what a channel did with a notice. `count` is 0 for tests. */
export function reportNotice(
  { facts }: SendingParts,
  { name: channel }: NoticeChannel,
  result: NoticeResult,
  { count, isTest }: { readonly count: number; readonly isTest: boolean },
): void {
  if (result.sent) facts.state({ type: "notice.sent", channel, isTest, count, refused: result.refused });
  else facts.state({ type: "notice.failed", channel, isTest, reason: result.reason });
}
