import { Type } from "@sinclair/typebox";
import { noticeChannelNames } from "../../../core/notice.ts";
import { conflict } from "../../../core/problem.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { nullable, wordOut } from "../../http/schema.ts";

export const NoticeTestOut = field.object("NoticeTestOut", {
  channels: Type.Array(
    field.object("NoticeTestChannel", {
      channel: wordOut(noticeChannelNames),
      sent: Type.Boolean({ description: "Whether the channel took the notice." }),
      detail: nullable(
        Type.String({ description: "Why the channel did not take the notice, or which recipients were refused." }),
      ),
    }),
  ),
});

export function noticeRoutes(context: Context): Operation[] {
  return [
    operation({
      id: "notice.test",
      method: "POST",
      path: "/api/v1/notice/test",
      tag: "System",
      summary: "Send a test notice",
      description:
        "Sends a test notice to each channel that is configured: mail, Slack, Teams. Waits at most 20 seconds for the channels.",
      access: "root",
      responses: {
        200: {
          description: "The result of each channel.",
          schema: NoticeTestOut,
          example: { channels: [{ channel: "mail", sent: true, detail: null }] },
        },
      },
      problems: [409],
      async handle() {
        const { notices } = context;
        if (notices === undefined || notices.channelNames.length === 0) {
          throw conflict("No channel is configured. Set notify-mail, notify-slack or notify-teams.", "no_channels");
        }
        return reply(200, { channels: await notices.test() });
      },
    }),
  ];
}
