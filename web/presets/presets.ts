import cloudevents from "./cloudevents.txt" with { type: "text" };
import discord from "./discord.txt" with { type: "text" };
import slack from "./slack.txt" with { type: "text" };
import teams from "./teams.txt" with { type: "text" };

/**
 * Code with which a transformation can begin. Each file defines `messageFor(event, payload)`, which
 * returns what the receiver takes.
 */
export interface Preset {
  readonly name: string;
  readonly title: string;
  /** The form that the receiver gets, and the limits that the code keeps. */
  readonly about: string;
  /** The code of an endpoint of an application. */
  readonly webhook: string;
  /** The code of an endpoint of a source. */
  readonly received: string;
}

interface Template extends Pick<Preset, "name" | "title" | "about"> {
  readonly contentType: string;
  readonly code: string;
}

function preset({ contentType, code, ...about }: Template): Preset {
  const body = [code.trimEnd(), ...HELPERS.filter(({ name }) => code.includes(`${name}(`)).map(({ text }) => text)];
  return {
    ...about,
    webhook: `${[webhookHandler(contentType), ...body].join("\n\n")}\n`,
    received: `${[receivedHandler(contentType), PARSED, ...body].join("\n\n")}\n`,
  };
}

const webhookHandler = (contentType: string) => `function handler(webhook) {
  webhook.payload = messageFor(webhook, webhook.payload);
  webhook.headers["content-type"] = "${contentType}";
  return webhook;
}`;

const receivedHandler = (contentType: string) => `function handler(input) {
  const message = messageFor(input, parsed(input.body));
  return { headers: { "content-type": "${contentType}" }, body: JSON.stringify(message) };
}`;

const PARSED = `function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}`;

const HELPERS = [
  {
    name: "textOf",
    text: `function textOf(payload) {
  return typeof payload === "string" ? payload || "(empty)" : JSON.stringify(payload, null, 2);
}`,
  },
  {
    name: "cut",
    text: `// Does not end with half of a character.
function cut(text, max) {
  return text.length <= max ? text : text.slice(0, max - 1).replace(/[\\ud800-\\udbff]$/, "") + "…";
}`,
  },
];

export const PRESETS: readonly Preset[] = [
  preset({
    name: "slack",
    title: "Slack",
    about:
      "For the URL of an incoming webhook. A header block of at most 150 characters, and the payload as code in a section of at most 3,000; what is longer is cut.",
    contentType: "application/json",
    code: slack,
  }),
  preset({
    name: "teams",
    title: "Microsoft Teams",
    about:
      "For the URL of the trigger “When a Teams webhook request is received” in the Workflows app. An Adaptive Card with at most 40 lines and 2,500 characters of the payload, which stays below the limit of 28 KB.",
    contentType: "application/json",
    code: teams,
  }),
  preset({
    name: "discord",
    title: "Discord",
    about:
      "For the URL of a webhook of a channel. The event type as content, and the payload in an embed with a description of at most 4,096 characters. Mentions in the payload notify nobody.",
    contentType: "application/json",
    code: discord,
  }),
  preset({
    name: "cloudevents",
    title: "CloudEvents",
    about:
      "A CloudEvents 1.0 envelope in structured mode, with the content type `application/cloudevents+json`. The id is that of the message, so it is the same at each attempt. The variable `source` is the event's source, a URI reference; without it that is `/webhooks`.",
    contentType: "application/cloudevents+json",
    code: cloudevents,
  }),
];
