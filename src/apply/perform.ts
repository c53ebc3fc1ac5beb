/** Makes planned changes. */
import { type Api, pooled, statusOf } from "./api.ts";
import type { Change, Write } from "./change.ts";
import { SERIAL_STAGE } from "./plan.ts";

/** Maximum number of requests for one write, and the time between two, if the server responds with 429. */
const TRIES_MAX = 60;
const WAIT_MS = 1000;

/** A change could not be made. Some others may have been made. */
export class ChangeFailed extends Error {
  override readonly name = "ChangeFailed";
  constructor(
    readonly change: Change,
    readonly reason: Error,
  ) {
    super(reason.message);
  }
}

/**
 * Makes the changes, stage by stage. Calls `done` for each change in their order, with whether it has
 * changed anything. Throws `ChangeFailed` at the first failure, when no change is in progress.
 */
export async function perform(
  api: Api,
  changes: readonly Change[],
  done: (change: Change, hasChanged: boolean) => void,
): Promise<void> {
  const stages = Map.groupBy(changes, ({ stage }) => stage);
  for (const [stage, ofStage] of stages) {
    const results: (boolean | undefined)[] = [];
    let reported = 0;
    const report = (isComplete: boolean) => {
      for (; reported < ofStage.length; reported++) {
        const result = results[reported];
        if (result === undefined && !isComplete) return;
        if (result !== undefined) done(ofStage[reported]!, result);
      }
    };
    const make = async (change: Change, index: number) => {
      results[index] = await makeOne(api, change);
      report(false);
    };
    try {
      await pooled(ofStage, make, stage === SERIAL_STAGE ? 1 : undefined);
    } finally {
      report(true);
    }
  }
}

async function makeOne(api: Api, change: Change): Promise<boolean> {
  try {
    for (const write of change.writes) await patiently(() => send(api, write));
    if (change.probe === null) return true;
    const { updatedAt } = (await api.get(change.probe.path)) as { readonly updatedAt: unknown };
    return updatedAt !== change.probe.updatedAt;
  } catch (error) {
    // Somebody else has deleted it.
    if (change.action === "delete" && statusOf(error) === 404) return true;
    throw new ChangeFailed(change, error as Error);
  }
}

function send(api: Api, { method, path, body }: Write): Promise<unknown> {
  return method === "delete" ? api.delete(path) : api[method](path, body);
}

/** Retries a request while the server responds with 429. */
async function patiently(request: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await request();
      return;
    } catch (error) {
      if (statusOf(error) !== 429 || tries === TRIES_MAX) throw error;
      await Bun.sleep(WAIT_MS);
    }
  }
}
