import { expect } from "bun:test";
import type { Store } from "../../src/store/index.ts";
import { doorToken, type Furnished } from "./furnished.ts";

/** What `fill` has stored and `readAll` must find. */
export const CONTENT = {
  headers: { Authorization: "Bearer hidden" },
  secret: "whsec_c2VjcmV0LW9uZQ==",
  config: { secret: "of the source" },
  token: "of the door",
  attempt: { request: [{ name: "a", value: "b" }], response: null },
  response: '{"token":"once"}',
};
const DEAD = { state: "dead", reason: "status_5xx" } as const;
const KEY_OF_RESPONSE = new Uint8Array(32).fill(7);

/** Stores at least one sealed value in each table. Returns a function that reads them all. */
export async function fill(world: Furnished, endpoints = 1): Promise<(store: Store) => Promise<typeof CONTENT>> {
  const { now } = world;
  const added = [];
  for (let i = 0; i < endpoints; i++) added.push(await world.addEndpoint({ headers: CONTENT.headers }, CONTENT.secret));
  const endpoint = added.at(-1)!;
  const source = await world.addSource({ config: CONTENT.config }, doorToken(CONTENT.token));
  const message = await world.send({}, [endpoint.seq]);
  const [delivery] = await world.waiting(endpoint.seq);
  const settlement = world.settlement(delivery!, DEAD, { attempt: { headers: CONTENT.attempt } });
  await world.store.queue.settle([settlement]);
  const entry = { key: KEY_OF_RESPONSE, expiresAt: now + 1e9, bodyHash: null };
  await world.store.queue.idempotency.put(entry, { kind: "text", status: 201, body: CONTENT.response }, now);
  const linkKey = world.store.payloadLinkKey;
  return async ({ configuration, history, queue, payloadLinkKey }) => {
    expect(payloadLinkKey).toEqual(linkKey);
    const response = await queue.idempotency.get(KEY_OF_RESPONSE, now);
    return {
      headers: (await configuration.endpoints.get(endpoint.seq))!.headers as typeof CONTENT.headers,
      secret: (await configuration.endpoints.secrets(endpoint.seq, now))[0]!.secret,
      config: (await configuration.sources.get(source.seq))!.config as typeof CONTENT.config,
      token: (await configuration.sources.tokens(source.seq, now))[0]!.text,
      attempt: (await history.attempts.get(message.seq, settlement.attempt.seq))!.headers as typeof CONTENT.attempt,
      response: response?.kind === "text" ? response.body : "",
    };
  };
}
