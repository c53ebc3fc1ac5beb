import type { Attempt, EnvironmentEndpoint } from "../../../src/api/types.ts";
import {
  getHours,
  getLatestAttempt,
  getLatestMessages,
  getNumbers,
  getRecipients,
  getTroubled,
} from "../api/customers.ts";
import { byUrgency, type Known, newestMissed } from "./diagnosis.ts";

const WEEK_MS = 7 * 24 * 3_600_000;
/** Number of the newest messages that are searched for messages that no endpoint got. */
const LATEST = 50;
/** Number of endpoints in trouble whose newest attempt is read. */
const ATTEMPTS = 3;

/** Reads what is known about the deliveries of a customer. */
export async function loadKnown(app: string, signal: AbortSignal): Promise<Known> {
  const [numbers, { data: troubled }, { data: hours }, { data: latest }] = await Promise.all([
    getNumbers(app, signal),
    getTroubled(app, signal),
    getHours(app, Date.now() - WEEK_MS, signal),
    getLatestMessages(app, LATEST, signal),
  ]);
  const missed = newestMissed(latest);
  const [attempts, recipients] = await Promise.all([
    attemptsOf(app, byUrgency(troubled).slice(0, ATTEMPTS), signal),
    missed === null ? [] : getRecipients(app, missed.id, signal).then(({ data }) => data),
  ]);
  return { numbers, troubled, attempts, hours, latest, recipients };
}

async function attemptsOf(
  app: string,
  endpoints: readonly EnvironmentEndpoint[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Attempt>> {
  const found = new Map<string, Attempt>();
  await Promise.all(
    endpoints.map(async ({ id }) => {
      const attempt = await getLatestAttempt(app, id, signal);
      if (attempt !== null) found.set(id, attempt);
    }),
  );
  return found;
}
