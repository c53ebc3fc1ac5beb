/** What a search finds, in lists of one kind each. */
import type { Seq } from "../../../core/id.ts";
import { maskPassword } from "../../../core/url-password.ts";
import type { EnvironmentEndpoint, PageRequest } from "../../../store/index.ts";
import { hasScopes } from "../../identity/access.ts";
import { type Call, type Hit, hitKinds } from "./hit.ts";
import { rarerHits } from "./rarer-hits.ts";

export const HITS_MAX = 20;

const page: PageRequest = { limit: HITS_MAX, from: null, backwards: false, order: "descending" };

/** Returns the records whose id, uid, `eventId` or name is the text. */
export async function exactHits(call: Call): Promise<Hit[]> {
  const { store, ids, lookup, identity, text } = call;
  const { configuration, survey } = store;
  const { environmentSeq } = identity;
  const hits: Hit[] = [];
  const application = await configuration.applications.find(environmentSeq, lookup.key("app_", text));
  // The application behind a source is shown as the source.
  if (application !== null && application.sourceSeq === null) {
    hits.push({ kind: "application", id: ids.encode("app_", application.seq), title: application.name });
  }
  hits.push(...(await withId(call)));
  const endpoints = await survey.endpoints(environmentSeq, { uid: text }, page);
  hits.push(...endpoints.rows.map((endpoint) => endpointHit(call, endpoint)));
  const source = await configuration.sources.find(environmentSeq, lookup.key("src_", text));
  if (source !== null) hits.push({ kind: "source", id: ids.encode("src_", source.seq), title: source.name });
  const eventType = await configuration.eventTypes.get(environmentSeq, text);
  if (eventType !== null) hits.push({ kind: "event-type", id: eventType.name, title: eventType.name });
  const sent = await survey.messages(environmentSeq, { eventId: text }, page);
  for (const { seq, eventType: title, applicationSeq } of sent.rows) {
    hits.push({ kind: "message", id: ids.encode("msg_", seq), title, applicationSeq });
  }
  return hits;
}

/** Returns the record with an id. */
async function withId(call: Call): Promise<Hit[]> {
  const { store, ids, identity, text } = call;
  const { configuration, history, housekeeping } = store;
  const { environmentSeq } = identity;
  const hits: Hit[] = [];
  const add = async (kind: "endpoint" | "message" | "attempt", title: string, applicationSeq: Seq, of?: Seq) => {
    // An application that is deleted, hidden or of another environment is not found.
    const isFound = (await configuration.applications.find(environmentSeq, { seq: applicationSeq })) !== null;
    if (isFound) hits.push({ kind, id: text, title, applicationSeq, ...(of !== undefined && { messageSeq: of }) });
  };

  const endpointSeq = ids.decode("ep_", text);
  const endpoint = endpointSeq === null ? null : await configuration.endpoints.get(endpointSeq);
  if (endpoint?.deleted === false) await add("endpoint", maskPassword(endpoint.url), endpoint.applicationSeq);
  const messageSeq = ids.decode("msg_", text);
  const message = messageSeq === null ? null : await history.messages.get(messageSeq);
  if (message !== null) await add("message", message.eventType, message.applicationSeq);
  const attemptSeq = hasScopes(identity, "message-attempt:Read") ? ids.decode("atmpt_", text) : null;
  const attempt = attemptSeq === null ? null : await history.attempts.get(null, attemptSeq);
  const attempted = attempt === null ? null : await history.messages.get(attempt.messageSeq);
  if (attempted !== null) await add("attempt", attempted.eventType, attempted.applicationSeq, attempted.seq);
  const taskSeq = hasScopes(identity, "background-task:Read") ? ids.decode("qtask_", text) : null;
  const task = taskSeq === null ? null : await housekeeping.tasks.get(environmentSeq, taskSeq);
  if (task !== null) hits.push({ kind: "task", id: text, title: task.kind });
  const tokenSeq = hasScopes(identity, "authentication:Read") ? ids.decode("tok_", text) : null;
  const token = tokenSeq === null ? null : await configuration.tokens.get(environmentSeq, tokenSeq);
  if (token !== null) {
    const of = token.applicationSeq === null ? {} : { applicationSeq: token.applicationSeq };
    hits.push({ kind: "token", id: text, title: token.name, ...of });
  }
  return [...hits, ...(await rarerHits(call))];
}

/** Returns the records that have the text in their name, uid, URL or description; one list per kind. */
export async function partialHits(call: Call): Promise<readonly (readonly Hit[])[]> {
  const { store, ids, clock, identity, text } = call;
  const { environmentSeq } = identity;
  const applications = await store.configuration.applications.list(environmentSeq, page, null, { text, seq: null });
  const endpoints = await store.survey.endpoints(environmentSeq, { text }, page);
  const search = { text, limit: HITS_MAX, validAt: clock.now() };
  const { eventTypes, sources, tokens } = await store.survey.named(environmentSeq, search);
  const maySeeTokens = hasScopes(identity, "authentication:Read");
  return [
    applications.rows.map(({ seq, name }) => ({ kind: "application", id: ids.encode("app_", seq), title: name })),
    endpoints.rows.map((endpoint) => endpointHit(call, endpoint)),
    sources.map(({ seq, name }) => ({ kind: "source", id: ids.encode("src_", seq), title: name })),
    eventTypes.map(({ name }) => ({ kind: "event-type", id: name, title: name })),
    maySeeTokens ? tokens.map(({ seq, name }) => ({ kind: "token", id: ids.encode("tok_", seq), title: name })) : [],
  ];
}

function endpointHit({ ids }: Pick<Call, "ids">, { seq, url, applicationSeq }: EnvironmentEndpoint): Hit {
  return { kind: "endpoint", id: ids.encode("ep_", seq), title: url, applicationSeq };
}

/**
 * Returns at most `HITS_MAX` hits, each once: the exact ones, then as many of each kind as there is
 * space for, so that no kind hides the others.
 */
export function chosen(exact: readonly Hit[], partial: readonly (readonly Hit[])[]): readonly Hit[] {
  const keyOf = ({ kind, id }: Hit) => `${kind} ${id}`;
  const found = new Map(exact.slice(0, HITS_MAX).map((hit) => [keyOf(hit), hit]));
  for (let at = 0; at < HITS_MAX && found.size < HITS_MAX; at++) {
    for (const hits of partial) {
      const hit = hits[at];
      if (hit !== undefined && found.size < HITS_MAX && !found.has(keyOf(hit))) found.set(keyOf(hit), hit);
    }
  }
  const isExact = new Set(exact.map(keyOf));
  const rest = hitKinds.flatMap((kind) =>
    [...found.values()].filter((hit) => hit.kind === kind && !isExact.has(keyOf(hit))),
  );
  return [...[...found.values()].filter((hit) => isExact.has(keyOf(hit))), ...rest];
}
