import { FairQueue } from "../core/fair-queue.ts";
import type { Seq } from "../core/id.ts";
import { isOwnHeader } from "../core/own-header.ts";
import { headerNamePattern, headersSizeProblem, headerValueProblem } from "../core/rule.ts";
import type { Answer, OutgoingRequest, Shortage } from "../ports.ts";
import type { HostFetch } from "../sandbox/sandbox.ts";
import { DestinationFinder } from "./destination.ts";
import type { TargetParts } from "./target.ts";

/** Maximum number of requests of functions that are under way: in total, and of one application. */
const REQUESTS_MAX = 500;
const REQUESTS_PER_OWNER_MAX = 100;

/** Maximum size of a response, in bytes. */
export const RESPONSE_BYTES_MAX = 256 * 1024;

const METHODS: readonly string[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** The response, as `ctx.fetch` returns it, or why there is none. */
export type Fetched =
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
  | { readonly problem: string }
  | Shortage;

interface Waiting {
  readonly owner: Seq;
  readonly begin: () => void;
}

/**
 * Makes the requests of functions, through the same client and with the same policy for addresses as
 * deliveries. Applications take turns if there are too many requests.
 */
export class FunctionFetcher {
  readonly #waiting = new FairQueue<Waiting>();
  /** The number of requests under way, by application. */
  readonly #underWay = new Map<Seq, number>();
  #total = 0;

  constructor(private readonly parts: Pick<TargetParts, "ports" | "policy">) {}

  /** Makes a request for a function of the application `owner`. Resolves soon after `signal` aborts. */
  async request(owner: Seq, wanted: HostFetch, timeoutMs: number, signal: AbortSignal): Promise<Fetched> {
    const problem = problemOf(wanted);
    if (problem !== null) return { problem };
    if (!(await this.#turn(owner, signal))) return { problem: "The request was aborted." };
    try {
      return await this.#send(new URL(wanted.url), wanted, timeoutMs, signal);
    } finally {
      this.#end(owner);
    }
  }

  /** Waits until the request may begin. Returns false if `signal` aborts first. */
  #turn(owner: Seq, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiting: Waiting = { owner, begin: () => resolve(true) };
    this.#waiting.add(waiting);
    signal.addEventListener("abort", () => {
      if (this.#waiting.remove(waiting)) resolve(false);
    });
    this.#serve();
    return promise;
  }

  #serve(): void {
    while (this.#total < REQUESTS_MAX) {
      const next = this.#waiting.take((owner) => this.#countOf(owner) < REQUESTS_PER_OWNER_MAX);
      if (next === null) return;
      this.#total++;
      this.#underWay.set(next.owner, this.#countOf(next.owner) + 1);
      next.begin();
    }
  }

  #end(owner: Seq): void {
    this.#total--;
    const left = this.#countOf(owner) - 1;
    if (left === 0) this.#underWay.delete(owner);
    else this.#underWay.set(owner, left);
    this.#serve();
  }

  #countOf(owner: Seq): number {
    return this.#underWay.get(owner) ?? 0;
  }

  async #send(url: URL, wanted: HostFetch, timeoutMs: number, signal: AbortSignal): Promise<Fetched> {
    const finder = new DestinationFinder(url, this.parts);
    const found = finder.known ?? (await finder.resolve(signal));
    if ("kind" in found) return unanswered(found);
    const request: OutgoingRequest = {
      ...found,
      method: wanted.method as NonNullable<OutgoingRequest["method"]>,
      headers: headersOf(wanted, this.parts.policy.userAgent),
      body: Buffer.from(wanted.body ?? ""),
      timeoutMs,
      // One byte more, so that a longer response is recognised.
      responseBytesMax: RESPONSE_BYTES_MAX + 1,
      keepsHeaders: true,
    };
    const answer = await this.parts.ports.transport.send(request, signal);
    if (answer.kind !== "response") return unanswered(answer);
    if (answer.body.byteLength > RESPONSE_BYTES_MAX) {
      return { problem: `The response has more than ${RESPONSE_BYTES_MAX} bytes.` };
    }
    const { status, body, headers } = answer;
    return { status, headers: parsedHeaders(headers?.response ?? ""), body: new TextDecoder().decode(body) };
  }
}

function unanswered(answer: Exclude<Answer, { readonly kind: "response" }> | Shortage): Fetched {
  return answer.kind === "shortage" ? answer : { problem: answer.detail };
}

/** Returns why a request cannot be made, or null. The code may have made it of anything. */
function problemOf({ url, method, headers, body }: HostFetch): string | null {
  const isString = (value: unknown) => typeof value === "string";
  if (!isString(url) || (body !== null && !isString(body))) return "The URL and the body must be strings.";
  const areStrings = typeof headers === "object" && headers !== null && Object.values(headers).every(isString);
  if (!areStrings) return "`headers` must be an object whose values are strings.";
  const parsed = URL.parse(url);
  if (parsed === null || parsed.hostname === "") return "The URL is not valid.";
  if (parsed.protocol !== "https:" && parsed.protocol !== "http:") return "The URL must be an http or https URL.";
  if (parsed.username !== "" || parsed.password !== "") {
    return "The URL must not contain a user. Set the header `authorization` instead.";
  }
  if (!METHODS.includes(method)) return `The method must be one of ${METHODS.join(", ")}.`;
  for (const [name, value] of Object.entries(headers)) {
    if (!headerNamePattern.test(name)) return "The name of a header is not valid.";
    if (isFraming(name)) return `The header ${name} cannot be set.`;
    const wrong = headerValueProblem(value);
    if (wrong !== null) return `${name}: ${wrong}`;
  }
  return headersSizeProblem(headers);
}

/** Returns whether a header defines the destination or the framing. Signature headers may be set. */
function isFraming(name: string): boolean {
  return isOwnHeader(name) && !/^(?:webhook|svix)-/i.test(name);
}

function headersOf({ headers, body }: HostFetch, userAgent: string): [string, string][] {
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const defaults: [string, string][] = [
    ["User-Agent", userAgent],
    ["Accept-Encoding", "identity"],
    ...(body === null ? [] : [["Content-Type", "text/plain;charset=UTF-8"] as [string, string]]),
  ];
  return [...defaults.filter(([name]) => !names.has(name.toLowerCase())), ...Object.entries(headers)];
}

/** Parses header lines. The values of repeated names are joined, as in the web's `fetch`. */
function parsedHeaders(lines: string): Record<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines.split("\n")) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(headers);
}
