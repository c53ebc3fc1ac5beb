import { literalAddress } from "../core/address.ts";
import { type NoticeChannel, type NoticeMessage, type NoticeResult, slackBody, teamsBody } from "../core/notice.ts";
import type { Resolver, Transport } from "../ports.ts";

const BODIES = { slack: slackBody, teams: teamsBody } as const;
/** Time limit of a request, in ms. */
const TIMEOUT_MS = 10_000;

/** How requests leave this machine. */
export interface WebhookNetwork {
  readonly transport: Transport;
  readonly resolver: Resolver;
}

/**
 * Posts notices to a URL of Slack or Microsoft Teams. The URL is a setting of the operator, so its
 * address may be private. The URL is a secret and appears in no message.
 */
export class WebhookChannel implements NoticeChannel {
  readonly #url: URL;

  constructor(
    readonly name: keyof typeof BODIES,
    url: string,
    private readonly network: WebhookNetwork,
  ) {
    this.#url = new URL(url);
  }

  async send(message: NoticeMessage, stopping: AbortSignal): Promise<NoticeResult> {
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(TIMEOUT_MS)]);
    const addresses = await this.#addresses(signal);
    if ("kind" in addresses) return failed(addresses.detail);
    if (addresses.length === 0) return failed("The host name of the webhook could not be resolved.");
    const answer = await this.network.transport.send(
      {
        ...{ url: this.#url, addresses, timeoutMs: TIMEOUT_MS, responseBytesMax: 0 },
        headers: [
          ["User-Agent", "Boathook"],
          ["Content-Type", "application/json"],
        ],
        body: Buffer.from(JSON.stringify(BODIES[this.name](message))),
      },
      signal,
    );
    if (answer.kind !== "response") return failed(`The request to the webhook failed. ${answer.detail}`);
    const isTaken = answer.status >= 200 && answer.status < 300;
    return isTaken ? { sent: true, refused: [] } : failed(`The webhook responded with status ${answer.status}.`);
  }

  async #addresses(signal: AbortSignal): ReturnType<Resolver["resolve"]> {
    const literal = literalAddress(this.#url.hostname);
    return literal === null ? this.network.resolver.resolve(this.#url.hostname, signal) : [literal];
  }
}

function failed(reason: string): NoticeResult {
  return { sent: false, reason };
}
