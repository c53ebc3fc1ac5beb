import type { Settings } from "./config/index.ts";
import { noticeChannels } from "./edge/notice-channels.ts";
import type { WebhookNetwork } from "./edge/notice-webhook.ts";
import type { Kernel } from "./kernel.ts";
import { Notices } from "./notice/notices.ts";

/** Assembles the service that sends notices to people. Without channels, it does nothing. */
export function noticeService(
  kernel: Kernel,
  settings: Settings,
  network: WebhookNetwork,
  publicUrl: () => string,
): Notices {
  const { notifyAfterMs: afterMs, notifyQuietMs: quietMs, backlogThresholdMs } = settings;
  const timing = { afterMs, quietMs, backlogThresholdMs };
  return new Notices({ ...kernel, channels: noticeChannels(settings, network), publicUrl, timing });
}
