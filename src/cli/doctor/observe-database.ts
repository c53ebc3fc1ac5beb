import type { Settings } from "../../config/index.ts";
import { databaseAdvice } from "../../core/database-advice.ts";
import type { DatabaseFacts } from "../../doctor/database.ts";
import { systemClock } from "../../edge/clock.ts";
import { startErrorOf } from "../../server-store.ts";
import { StoreUnavailable } from "../../store/index.ts";

/** Observes a PostgreSQL database. Changes nothing. */
export async function observeDatabase(settings: Settings): Promise<DatabaseFacts> {
  const { store: url, encryptionKey, retentionMs } = settings;
  try {
    const { inspectDatabase } = await import("../../store/postgres/inspect.ts");
    const reading = await inspectDatabase({ url, encryptionKey: encryptionKey!, now: systemClock.now });
    return { ...reading, problem: null, retentionMs };
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    const { message } = startErrorOf(error, settings) as Error;
    return {
      problem: databaseAdvice(error.cause) === null ? `${message} Check store and the log of its server.` : message,
    };
  }
}
