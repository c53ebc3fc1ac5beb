import type { Attempt, EnvironmentEndpoint, EnvironmentMessage } from "../../../src/api/types.ts";
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

/** Reads what is known about the deliveries of a customer. Each request is sent as soon as it can be. */
export async function loadKnown(app: string, signal: AbortSignal): Promise<Known> {
  const troubled = getTroubled(app, signal).then(({ data }) => data);
  const latest = getLatestMessages(app, LATEST, signal).then(({ data }) => data);
  const all = await Promise.all([
    getNumbers(app, signal),
    troubled,
    troubled.then((endpoints) => attemptsOf(app, byUrgency(endpoints).slice(0, ATTEMPTS), signal)),
    getHours(app, Date.now() - WEEK_MS, signal),
    latest,
    latest.then((messages) => recipientsOf(app, newestMissed(messages), signal)),
  ]);
  const [numbers, endpoints, attempts, { data: hours }, messages, recipients] = all;
  return { numbers, troubled: endpoints, attempts, hours, latest: messages, recipients };
}

async function recipientsOf(app: string, missed: EnvironmentMessage | null, signal: AbortSignal) {
  return missed === null ? [] : (await getRecipients(app, missed.id, signal)).data;
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
