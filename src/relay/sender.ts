/** Sends the rows of one application, in their order. */
import { applicationPath, isRefused, isTemporary, type RelayApi } from "./api.ts";
import { isSentBefore } from "./duplicate.ts";
import { RelayFailed } from "./relay-failed.ts";
import { type Item, itemOf, messageText, type Row } from "./row.ts";

/** Maximum number of messages in a request, which is that of the API. */
const MESSAGES_MAX = 1000;
/** Maximum size of the payloads of several messages in a request. By default, servers accept 2 MiB. */
const REQUEST_BYTES = 1_048_576;

/** Why the rest of the rows was not sent. */
export type Stop =
  /** The server takes no messages at the moment. */
  | { readonly kind: "server"; readonly reason: string; readonly retryAfterMs: number | null }
  /** The server takes none of this application at the moment. */
  | { readonly kind: "application"; readonly reason: string; readonly isMissing: boolean }
  /** Sending again does not help: the token or the address is wrong. */
  | { readonly kind: "final"; readonly error: Error };

export interface Refusal {
  readonly row: Row;
  readonly reason: string;
}

export interface Sent {
  /** Rows whose message the server has now. */
  readonly accepted: Row[];
  /** How many of them it had before. */
  duplicates: number;
  /** Rows that the server will not take. */
  readonly refused: Refusal[];
  stop: Stop | null;
}

interface Result {
  readonly id?: unknown;
  readonly code?: unknown;
  readonly detail?: unknown;
}

/** Sends rows of one application. Each sender is used for one call of `send`. */
export class Sender {
  readonly #sent: Sent = { accepted: [], duplicates: 0, refused: [], stop: null };

  constructor(
    private readonly api: RelayApi,
    private readonly app: string,
    private readonly eventIdPrefix: string,
    private readonly isStopped: () => boolean,
  ) {}

  /** Sends the rows until something stops it. The result may lack rows, which are still to be sent. */
  async send(rows: readonly Row[]): Promise<Sent> {
    const items: Item[] = [];
    for (const row of rows) {
      const item = itemOf(row);
      if (typeof item === "string") this.#refuse(row, item);
      else items.push(item);
    }
    for (const part of inRequests(items)) await this.#sendPart(part);
    return this.#sent;
  }

  async #sendPart(items: readonly Item[]): Promise<void> {
    if (this.#sent.stop !== null || this.isStopped()) return;
    let results: readonly Result[];
    try {
      results = await this.#post(items);
    } catch (error) {
      if (isRefused(error) && isOfMessages(error.status)) await this.#divide(items, error.message);
      else this.#sent.stop = await this.#stopOf(error);
      return;
    }
    for (const [index, item] of items.entries()) await this.#take(item, results[index]!);
  }

  /** Resolves with the result of each message. */
  async #post(items: readonly Item[]): Promise<readonly Result[]> {
    const body = `{"messages":[${items.map((item) => messageText(item, this.#eventId(item.row))).join(",")}]}`;
    const path = `${applicationPath(this.app)}/msg/batch?with_content=false`;
    const response = await this.api.post(path, body, { Application: this.app });
    const results = (response as { readonly data?: readonly Result[] } | null)?.data;
    if (!Array.isArray(results) || results.length !== items.length || !results.every(isResult)) {
      throw new RelayFailed("The response contains no results of messages. Check --server.");
    }
    return results;
  }

  /** Takes the result of one message. */
  async #take(item: Item, { id, code, detail }: Result): Promise<void> {
    const reason = String(detail);
    if (typeof id === "string") this.#sent.accepted.push(item.row);
    else if (code === "conflict") await this.#takeConflict(item);
    else if (code === "unavailable") this.#sent.stop ??= { kind: "server", reason, retryAfterMs: null };
    else if (code === "quota_exceeded") this.#sent.stop ??= { kind: "application", reason, isMissing: false };
    else this.#refuse(item.row, reason);
  }

  async #takeConflict(item: Item): Promise<void> {
    const { row } = item;
    const eventId = this.#eventId(row);
    let isSame: boolean | null;
    try {
      isSame = await isSentBefore(this.api, item, eventId);
    } catch (error) {
      this.#sent.stop ??= await this.#stopOf(error);
      return;
    }
    if (isSame === true) {
      this.#sent.accepted.push(row);
      this.#sent.duplicates++;
    } else if (isSame === false) {
      this.#refuse(row, `The application has another message with the eventId ${eventId}.`);
    } else {
      const reason = `The message with the eventId ${eventId} has just been deleted.`;
      this.#sent.stop ??= { kind: "application", reason, isMissing: false };
    }
  }

  /** Finds the messages because of which a request was refused. */
  async #divide(items: readonly Item[], reason: string): Promise<void> {
    if (items.length === 1) {
      this.#refuse(items[0]!.row, reason);
      return;
    }
    const middle = items.length >> 1;
    await this.#sendPart(items.slice(0, middle));
    await this.#sendPart(items.slice(middle));
  }

  async #stopOf(error: unknown): Promise<Stop> {
    if (!(error instanceof Error)) throw error;
    if (!isRefused(error)) {
      if (error instanceof RelayFailed) return { kind: "final", error };
      return { kind: "server", reason: error.message, retryAfterMs: null };
    }
    const { status, message: reason, retryAfterMs } = error;
    if (isTemporary(status)) return { kind: "server", reason, retryAfterMs };
    if (status !== 404) return { kind: "final", error };
    // The application is missing only if the address, the token and the environment are right.
    const problem = await this.api.get("/api/v1/auth/whoami").then(
      () => null,
      (found: unknown) => found,
    );
    if (problem === null) return { kind: "application", reason, isMissing: true };
    if (isRefused(problem) && problem.status === 404) return { kind: "final", error: problem };
    return this.#stopOf(problem);
  }

  #refuse(row: Row, reason: string): void {
    this.#sent.refused.push({ row, reason });
  }

  #eventId({ id }: Row): string {
    return `${this.eventIdPrefix}${id}`;
  }
}

/** Returns whether a value says what became of a message. */
function isResult(value: unknown): boolean {
  const { id, code } = Object(value) as Result;
  return typeof id === "string" || typeof code === "string";
}

/** Returns whether a request was refused because of a message in it. */
function isOfMessages(status: number): boolean {
  return status === 400 || status === 405 || status === 413 || status === 422;
}

function* inRequests(items: readonly Item[]): Generator<readonly Item[]> {
  let part: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const { payloadBytes } = item.row;
    if (part.length === MESSAGES_MAX || (part.length > 0 && bytes + payloadBytes > REQUEST_BYTES)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += payloadBytes;
  }
  if (part.length > 0) yield part;
}
