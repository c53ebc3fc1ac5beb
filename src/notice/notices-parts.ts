import type { Seq } from "../core/id.ts";
import type { NoticeChannel } from "../core/notice.ts";
import type { ChannelParts } from "./channel-notices.ts";

export interface NoticesParts extends ChannelParts {
  readonly channels: readonly NoticeChannel[];
  /** Returns the time since which the backlog of an environment has been growing, or null. */
  readonly backlogWatch: { growingSince(environmentSeq: Seq): number | null };
}
