import type { NoticeChannel, NoticeChannelName, NoticeMessage } from "../core/notice.ts";
import type { NoticesParts } from "./notices-parts.ts";
import { reportNotice, sendNotice } from "./sending.ts";

export interface TestedChannel {
  readonly channel: NoticeChannelName;
  readonly sent: boolean;
  /** The reason why sending failed, or the recipients that were refused. Null if all went well. */
  readonly detail: string | null;
}

/** Sends test notices. Calls during a test get the result of that test. */
export class TestNotices {
  #running: Promise<readonly TestedChannel[]> | null = null;

  constructor(
    private readonly parts: NoticesParts,
    private readonly stopping: AbortSignal,
  ) {}

  /** Sends a test notice to each channel at the same time. */
  send(): Promise<readonly TestedChannel[]> {
    this.#running ??= Promise.all(this.parts.channels.map((channel) => this.#test(channel))).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #test(channel: NoticeChannel): Promise<TestedChannel> {
    const message = testMessage(this.parts.publicUrl());
    const result = await sendNotice(this.parts, channel, message, this.stopping);
    reportNotice(this.parts, channel, result, { count: 0, isTest: true });
    if (!result.sent) return { channel: channel.name, sent: false, detail: result.reason };
    const detail = result.refused.length === 0 ? null : `Refused recipients: ${result.refused.join(", ")}.`;
    return { channel: channel.name, sent: true, detail };
  }
}

function testMessage(publicUrl: string): NoticeMessage {
  const lines = [
    "This is a test. If you can read it, notices about endpoints and backlogs arrive here.",
    "",
    `Sent by Boathook at ${publicUrl}.`,
  ];
  return { title: "Boathook: test notice", lines, link: `${publicUrl}/ui/#/system` };
}
