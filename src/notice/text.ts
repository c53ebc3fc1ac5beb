import { defaultEnvironment } from "../core/environment.ts";
import type { IdCodec, Seq } from "../core/id.ts";
import { type NoticeKind, type NoticeMessage, oneLine } from "../core/notice.ts";
import type { NoticedEndpoint } from "../store/index.ts";
import type { DueNotice } from "./rules.ts";
import { aboutDuration, causeWords, reasonWords, shownUrl, timeWords } from "./words.ts";

/** A notice with what its text needs. */
export type NoticeAbout = DueNotice &
  (
    | { readonly endpoint: NoticedEndpoint }
    | { readonly environment: { readonly name: string; readonly thresholdMs: number } }
  );

export interface TextParts {
  readonly ids: IdCodec;
  readonly publicUrl: string;
  readonly now: number;
}

const NAME_CHARS_MAX = 100;
const URL_CHARS_MAX = 200;
/** Maximum number of notices that a digest lists. Messages to Teams may have 28 KB. */
export const LISTED_MAX = 20;

const STATES: Readonly<Record<NoticeKind, string>> = {
  failing: "failing",
  disabled: "disabled",
  recovered: "recovered",
  backlog: "growing",
  unverified: "not verified",
};

/** Returns the text of one notice, or a digest of several. `total` counts those without details too. */
export function noticeText(notices: readonly NoticeAbout[], counts: Counts, parts: TextParts): NoticeMessage {
  const [only] = notices;
  if (only !== undefined && notices.length === 1 && totalOf(counts) === 1) return singleText(only, parts);
  return digestText(notices, counts, parts);
}

/** Number of notices of each kind, backlogs that have recovered apart. */
export type Counts = Readonly<Record<NoticeKind | "backlogRecovered", number>>;

export function countsOf(due: readonly DueNotice[]): Counts {
  const counts = { failing: 0, disabled: 0, recovered: 0, backlog: 0, unverified: 0, backlogRecovered: 0 };
  for (const { kind, isBacklog } of due) counts[kind === "recovered" && isBacklog ? "backlogRecovered" : kind]++;
  return counts;
}

export function totalOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function singleText(notice: NoticeAbout, parts: TextParts): NoticeMessage {
  const { kind, since } = notice;
  const began = `${timeWords(since)} (${aboutDuration(parts.now - since)} ago)`;
  if ("environment" in notice) {
    const name = oneLine(notice.environment.name, NAME_CHARS_MAX);
    const title = `Boathook: backlog ${STATES[kind]} in ${name}`;
    const lines = [
      backlogSentence(kind, notice.environment.thresholdMs),
      "",
      `Environment: ${name}`,
      `${kind === "recovered" ? "Grew since" : "Since"}: ${began}`,
    ];
    return { title, lines: [...lines, ...signature(parts)], link: linkOf(notice, parts) };
  }
  const { endpoint } = notice;
  const url = oneLine(shownUrl(endpoint.url), URL_CHARS_MAX);
  const application = oneLine(endpoint.application.name, NAME_CHARS_MAX);
  const lines = [
    SENTENCES[kind],
    "",
    `Endpoint: ${url} (${parts.ids.encode("ep_", endpoint.seq)})`,
    `Application: ${application} (${parts.ids.encode("app_", endpoint.application.seq)})`,
    `Environment: ${oneLine(endpoint.environmentName, NAME_CHARS_MAX)}`,
    ...(kind === "recovered" ? [] : [`Reason: ${reasonOf(notice.kind, endpoint)}`]),
    `${kind === "recovered" ? "Failed since" : "Since"}: ${began}`,
  ];
  const title = `Boathook: endpoint ${STATES[kind]}: ${url} (${application})`;
  return { title, lines: [...lines, ...signature(parts)], link: linkOf(notice, parts) };
}

const SENTENCES: Readonly<Record<NoticeKind, string>> = {
  failing: "Every attempt to deliver to this endpoint fails. Deliveries wait and are retried.",
  disabled: "This endpoint was disabled and gets no more messages until somebody enables it.",
  recovered: "This endpoint works again: its latest attempt succeeded.",
  backlog: "",
  unverified: "This endpoint is not verified, so nothing is sent to it. Its deliveries wait.",
};

function backlogSentence(kind: NoticeKind, thresholdMs: number): string {
  return kind === "recovered"
    ? "The backlog has recovered: deliveries are on time again."
    : `Deliveries have been due for longer than ${aboutDuration(thresholdMs)} (backlog-threshold). Check slow endpoints and limits of concurrency.`;
}

function reasonOf(kind: NoticeKind, { cause, reason }: NoticedEndpoint): string {
  if (kind === "unverified") return "the receiver has not answered the challenge; see endpoint-challenge";
  return kind === "disabled" ? causeWords(cause) : reasonWords(reason);
}

const HEADINGS: ReadonlyArray<readonly [kind: keyof Counts, heading: string, one: string, many: string]> = [
  ["disabled", "Disabled endpoints", "1 endpoint disabled", "endpoints disabled"],
  ["backlog", "Growing backlogs", "1 backlog growing", "backlogs growing"],
  ["failing", "Failing endpoints", "1 endpoint failing", "endpoints failing"],
  ["unverified", "Endpoints that are not verified", "1 endpoint not verified", "endpoints not verified"],
  ["recovered", "Recovered endpoints", "1 endpoint recovered", "endpoints recovered"],
  ["backlogRecovered", "Recovered backlogs", "1 backlog recovered", "backlogs recovered"],
];

function digestText(notices: readonly NoticeAbout[], counts: Counts, parts: TextParts): NoticeMessage {
  const title = HEADINGS.flatMap(([kind, , one, many]) => {
    const count = counts[kind];
    return count === 0 ? [] : [count === 1 ? one : `${count} ${many}`];
  });
  const lines = HEADINGS.flatMap(([kind, heading]) => {
    if (counts[kind] === 0) return [];
    const listed = notices.filter((notice) => countsOf([notice])[kind] === 1);
    const more = counts[kind] - listed.length;
    return [
      `${heading} (${counts[kind]}):`,
      ...listed.flatMap((notice) => entryLines(notice, parts)),
      ...(more === 0 ? [] : [`… and ${more} more`]),
      "",
    ];
  });
  const link = `${parts.publicUrl}/ui/#/${counts.failing + counts.disabled + counts.unverified > 0 ? "endpoint" : ""}`;
  return { title: `Boathook: ${title.join(", ")}`, lines: [...lines.slice(0, -1), ...signature(parts)], link };
}

function entryLines(notice: NoticeAbout, parts: TextParts): string[] {
  const since = `since ${timeWords(notice.since)}`;
  if ("environment" in notice) {
    return [`- ${oneLine(notice.environment.name, NAME_CHARS_MAX)}: ${since}`, `  ${linkOf(notice, parts)}`];
  }
  const { endpoint, kind } = notice;
  const where = `${oneLine(shownUrl(endpoint.url), URL_CHARS_MAX)} (${oneLine(endpoint.application.name, NAME_CHARS_MAX)})`;
  const why = kind === "recovered" ? `had failed ${since}` : `${reasonOf(kind, endpoint)}, ${since}`;
  return [`- ${where}: ${why}`, `  ${linkOf(notice, parts)}`];
}

function signature({ publicUrl }: TextParts): string[] {
  return ["", `Sent by Boathook at ${publicUrl}.`];
}

/** Returns the URL of the page of the endpoint, or of the overview for a backlog. */
function linkOf(notice: NoticeAbout, { ids, publicUrl }: TextParts): string {
  const name = "environment" in notice ? notice.environment.name : notice.endpoint.environmentName;
  const environment = name === defaultEnvironment ? "" : `?${new URLSearchParams({ environment: name })}`;
  return `${publicUrl}/ui/${environment}#/${"environment" in notice ? "" : pathOf(notice.endpoint, ids)}`;
}

function pathOf({ seq, application, isOperational }: NoticedEndpoint, ids: IdCodec): string {
  const endpoint = ids.encode("ep_", seq);
  return isOperational
    ? `operational-webhook/${endpoint}`
    : `app/${ids.encode("app_", application.seq as Seq)}/endpoint/${endpoint}`;
}
