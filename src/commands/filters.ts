import { wants } from "../core/event.ts";
import type { ExactObject } from "../core/exact-json.ts";
import type { Seq } from "../core/id.ts";
import { type Filter, filterOf } from "../filter/filter.ts";
import { type FilteredMessage, MessageView } from "../filter/message-view.ts";
import type { Endpoint, Message, Store } from "../store/index.ts";
import type { Turns } from "../store/turns.ts";

/** Number of payloads that are read at once. A payload may have megabytes. */
const PAYLOADS_AT_ONCE = 8;

export interface FilterTest {
  readonly matches: boolean;
  /** The first condition that decided, such as `payload.amount: 5 is not > 10`. */
  readonly because: string;
}

/** Returns what a filter says about a message. Without a filter, every message matches. */
export function testFilter(filter: ExactObject | null, message: FilteredMessage): FilterTest {
  if (filter === null) return { matches: true, because: "There is no filter." };
  return filterOf(filter).explain(message);
}

/** Returns those endpoints whose filters, as they are now, exclude the message. */
export async function excludedBy(
  endpoints: readonly Pick<Endpoint, "seq" | "filter">[],
  { payload, ...message }: Omit<FilteredMessage, "payload"> & { readonly payload: Uint8Array | null },
  turns: Turns,
): Promise<ReadonlySet<Seq>> {
  const excluded = new Set<Seq>();
  if (payload === null) return excluded;
  const view = new MessageView({ ...message, payload });
  for (const { seq, filter } of endpoints) {
    if (filter === null) continue;
    if (!filterOf(filter).check(view).matches) excluded.add(seq);
    await turns.next();
  }
  return excluded;
}

export interface TestedMessage extends FilterTest {
  readonly message: Pick<Message, "seq" | "eventType" | "acceptedAt">;
}

type Subscriber = Pick<Endpoint, "eventTypes" | "channels">;

/**
 * Tests a filter on the newest stored messages that the endpoint subscribes to, among the newest `count`
 * messages of its event types. Messages without a stored payload are left out.
 */
export async function testOnStored(
  store: Pick<Store, "history" | "queue">,
  applicationSeq: Seq,
  endpoint: Subscriber,
  filter: ExactObject,
  { count, turns }: { readonly count: number; readonly turns: Turns },
): Promise<readonly TestedMessage[]> {
  const compiled = filterOf(filter);
  const tested: TestedMessage[] = [];
  const messages = await newestFor(store, applicationSeq, endpoint, count);
  for (let at = 0; at < messages.length; at += PAYLOADS_AT_ONCE) {
    if (at > 0) await turns.next();
    tested.push(...(await testPortion(store, compiled, messages.slice(at, at + PAYLOADS_AT_ONCE))));
  }
  return tested;
}

async function newestFor(
  { history }: Pick<Store, "history">,
  applicationSeq: Seq,
  { eventTypes, channels }: Subscriber,
  limit: number,
): Promise<readonly Message[]> {
  const page = { limit, from: null, backwards: false, order: "descending" } as const;
  const { rows } = await history.messages.list(applicationSeq, eventTypes === null ? {} : { eventTypes }, page, false);
  const subscription = { eventTypes: null, channels: channels === null ? null : new Set(channels) };
  return rows.filter((message) => wants(subscription, message.eventType, message.channels));
}

async function testPortion(
  { queue }: Pick<Store, "queue">,
  filter: Filter,
  messages: readonly Message[],
): Promise<TestedMessage[]> {
  const contents = await queue.contents(messages.map(({ seq }) => seq));
  const tested: TestedMessage[] = [];
  for (const [i, message] of messages.entries()) {
    const content = contents[i];
    if (content?.payload == null) continue;
    tested.push({ message, ...filter.explain({ ...content, payload: content.payload }) });
  }
  return tested;
}
