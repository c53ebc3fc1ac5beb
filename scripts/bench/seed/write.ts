import { deliveryHeldMeta } from "../../../src/core/delivery.ts";
import { Facts } from "../../../src/core/facts.ts";
import { SeriesKeeper } from "../../../src/deliver/tasks/series-keeper.ts";
import { openStore } from "../../../src/store/sqlite/index.ts";
import { createCustomers } from "./customers.ts";
import type { SeedOptions, SeedParts } from "./parts.ts";
import { writeRecords } from "./records.ts";
import { SeedClock, SeedRandom } from "./time.ts";
import { Traffic } from "./traffic.ts";

const DAY_MS = 86_400_000;

/**
 * Fills a new data directory with the history of a server that has been busy for some months,
 * through the store's own methods. Deliveries are held, so that a server that starts on the
 * directory sends nothing. The same seed gives the same data, except for ids, keys and the end of
 * the period. Returns the rules that the stored rows break, of which there should be none.
 */
export async function writeLargeStore(options: SeedOptions) {
  const endAt = Date.now() - 60_000;
  const startAt = endAt - options.days * DAY_MS;
  const clock = new SeedClock(startAt);
  const open = () =>
    openStore({ ...options, sync: "normal", encryptionKey: null, clock, onFact: () => {}, exclusive: true });
  const store = await open();
  const parts: SeedParts = { store, clock, random: new SeedRandom(options.seed) };
  const customers = await createCustomers(parts);
  await writeRecords(parts, customers, { messages: options.messages, endAt: startAt + DAY_MS });
  const facts = new Facts();
  const series = new SeriesKeeper(clock, store, facts);
  const traffic = new Traffic(parts, facts, options, customers);
  await traffic.write(startAt + DAY_MS, endAt, () => series.flush());
  await store.housekeeping.meta.set(deliveryHeldMeta, String(endAt));
  await store.close();
  // Rules are checked when the store is opened.
  const again = await open();
  const broken = await again.housekeeping.unenforcedRules();
  await again.close();
  return broken;
}
