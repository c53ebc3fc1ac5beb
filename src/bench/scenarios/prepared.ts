import { type Load, sendOnly } from "../run-load.ts";
import type { Server } from "../subject.ts";
import type { Workplace } from "../workplace.ts";

const SECONDS_MAX = 600;
const CONNECTIONS = 4;
const POLL_MS = 100;
const PENDING = "boathook_deliveries_pending";

/** Sends a number of batches. Returns the accepted messages per second. */
export async function filled(
  work: Workplace,
  server: Server,
  { requests, requestsMax }: Pick<Load, "requests"> & { readonly requestsMax: number },
): Promise<number> {
  const load = { requests, requestsMax, seconds: SECONDS_MAX, connections: CONNECTIONS };
  const { accepted, seconds } = await sendOnly(work, server, load);
  const wanted = requestsMax * requests.messagesPerRequest;
  if (accepted < wanted) throw new Error(`Only ${accepted} of ${wanted} messages were stored in ${SECONDS_MAX} s.`);
  return accepted / seconds;
}

/** Sends a number of batches and waits until no delivery is pending. */
export async function prepared(work: Workplace, server: Server, load: Parameters<typeof filled>[2]): Promise<void> {
  await filled(work, server, load);
  const deadline = performance.now() + SECONDS_MAX * 1000;
  for (;;) {
    const { [PENDING]: pending } = await server.metrics(PENDING);
    if (pending === 0) return;
    if (performance.now() > deadline) throw new Error(`${pending} deliveries are pending after ${SECONDS_MAX} s.`);
    await Bun.sleep(POLL_MS);
  }
}
