/** Notices tell people about endpoints and backlogs. This file has their form and where they go. */
import { cutText } from "./text.ts";

const noticeKinds = ["failing", "disabled", "recovered", "backlog", "unverified"] as const;
export type NoticeKind = (typeof noticeKinds)[number];

export const noticeChannelNames = ["mail", "slack", "teams"] as const;
export type NoticeChannelName = (typeof noticeChannelNames)[number];

/** A text for people. Every part is plain text without line breaks; each channel escapes it. */
export interface NoticeMessage {
  readonly title: string;
  /** An empty line separates paragraphs. */
  readonly lines: readonly string[];
  /** URL of the page to open. */
  readonly link: string;
}

export type NoticeResult =
  | {
      readonly sent: true /** Recipients that the mail server refused while it took others. */;
      refused: readonly string[];
    }
  | { readonly sent: false /** One sentence without secrets. */; readonly reason: string };

export interface NoticeChannel {
  readonly name: NoticeChannelName;
  /** Sends a message within a limited time. Never rejects. */
  send(message: NoticeMessage, signal: AbortSignal): Promise<NoticeResult>;
}

/** Characters that break lines, hide text or change the direction of the text that follows. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/gu;

/** Returns a text of users as one line of at most `charsMax` code units. */
export function oneLine(text: string, charsMax: number): string {
  const line = text.replace(UNPRINTABLE, " ").trim();
  return line.length <= charsMax ? line : `${cutText(line, charsMax - 1)}…`;
}

/** Returns the text of a mail, with the link as its last line. */
export function mailText({ lines, link }: NoticeMessage): string {
  return `${[...lines, "", link].join("\n")}\n`;
}

/** Returns the JSON that an incoming webhook of Slack takes. */
export function slackBody({ title, lines, link }: NoticeMessage): { readonly text: string } {
  return { text: [title, "", ...lines, "", link].map(slackEscaped).join("\n") };
}

/** Escapes the characters that begin links, mentions and entities in texts of Slack. */
function slackEscaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/**
 * Returns the JSON that a Workflows webhook of Microsoft Teams takes: a message with an Adaptive
 * Card. The card has only runs of text, in which Markdown has no meaning; a `TextBlock` would turn
 * the name of an application into a link.
 */
export function teamsBody({ title, lines, link }: NoticeMessage): object {
  const body = [
    richText({ type: "TextRun", text: title, weight: "Bolder", size: "Medium" }),
    ...lines.flatMap((text) => (text === "" ? [] : [richText({ type: "TextRun", text })])),
  ];
  const content = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    body,
    actions: [{ type: "Action.OpenUrl", title: "Open Boathook", url: link }],
  };
  const contentType = "application/vnd.microsoft.card.adaptive";
  return { type: "message", attachments: [{ contentType, contentUrl: null, content }] };
}

function richText(run: object): object {
  return { type: "RichTextBlock", inlines: [run] };
}
