import type { IdCodec, Seq } from "../../../core/id.ts";
import { Problem } from "../../../core/problem.ts";
import type { Application, Message, MessageFilter, PageOf } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import type { Reply } from "../../http/reply.ts";
import type { Admission } from "../../identity/admission.ts";
import type { Identity } from "../../identity/identity.ts";
import { Doorbell } from "../../live/doorbell.ts";
import { messageText } from "../message/out.ts";

/** The messages that a poller requests. */
interface Search {
  readonly identity: Identity;
  readonly application: Application;
  readonly filter: MessageFilter;
  /** The search starts after the message with this seq. */
  readonly from: Seq;
  readonly limit: number;
}

/** A poller's request. */
export interface Poll extends Search {
  readonly waitMs: number;
  readonly caller: AbortSignal;
  readonly admission: Admission;
}

/** A page of messages, with the messages as JSON texts. */
interface Found extends PageOf<Message> {
  readonly texts: readonly string[];
}

/** Reads messages for pollers, and waits for them if there are none. */
export class PollReader {
  readonly #doorbell: Doorbell;

  constructor(private readonly context: Context) {
    this.#doorbell = new Doorbell(context.facts, context.clock, context.stopping, undefined, () =>
      context.store.feed.isShared(),
    );
  }

  /**
   * Returns the response to a poll. Responds immediately if there are messages or if the search was
   * interrupted. Throws 401 if the token ends while the request waits.
   */
  async poll({ admission, ...request }: Poll): Promise<Reply> {
    if (request.waitMs <= 0) return this.#reply(await this.#read(request), request.from);
    const ended = new AbortController();
    const stopWatching = admission.watch((problem) => ended.abort(problem));
    try {
      return await this.#longPoll(request, AbortSignal.any([request.caller, ended.signal]));
    } finally {
      stopWatching();
    }
  }

  /**
   * Waits for messages. `over` is aborted when the caller disconnects, or with a `Problem` when its
   * token ends.
   */
  async #longPoll(request: Search & { readonly waitMs: number }, over: AbortSignal): Promise<Reply> {
    const { clock, stopping } = this.context;
    const deadline = clock.steady() + request.waitMs;
    for (let hasWaited = false; ; hasWaited = true) {
      const leftMs = Math.min(request.waitMs, deadline - clock.steady());
      const wait = this.#doorbell.wait(request.application.seq, leftMs, over);
      const page = await this.#read(request, hasWaited);
      if (over.reason instanceof Problem) throw over.reason;
      if (page.rows.length > 0 || page.more || leftMs <= 0 || over.aborted || stopping?.aborted) {
        wait.cancel();
        return this.#reply(page, request.from);
      }
      await wait.over;
    }
  }

  /**
   * Reads the next messages. The read of a request that has waited is never refused, because the number
   * of waiting requests is limited.
   */
  #read({ identity, application, filter, from, limit }: Search, hasWaited = false): Promise<Found> {
    const { store, ids, pages } = this.context;
    const page = { limit, from, backwards: false, order: "ascending" } as const;
    const found = async () => {
      const bare = await store.history.messages.list(application.seq, filter, page, false);
      const filled = await pages.withPayloads(bare, false);
      return { ...filled, texts: await pages.texts(filled.rows, (message) => textWithHeaders(message, ids)) };
    };
    return pages.inTurn(identity, found, hasWaited);
  }

  #reply({ rows, texts, more, resume }: Found, from: Seq): Reply {
    const iterator = this.context.ids.encode("msg_", resume ?? rows.at(-1)?.seq ?? from);
    return { status: 200, body: `{"data":[${texts.join(",")}],"iterator":"${iterator}","done":${!more}}` };
  }
}

function textWithHeaders(message: Message, ids: IdCodec): string {
  const text = messageText(message, ids, true);
  // The text of a source's message contains its headers.
  if (message.received !== null) return text;
  return `${text.slice(0, -1)},"headers":${JSON.stringify(message.headers)}}`;
}
