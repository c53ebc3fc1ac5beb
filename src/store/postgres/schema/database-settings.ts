import { StartError } from "../../../core/start-error.ts";
import type { Session } from "../connection/database.ts";

/** Throws `StartError` if the database was created with settings that do not suit the data. */
export async function checkSettings(session: Session): Promise<void> {
  const settings = await session.first<{ encoding: string; isolation: string }>(
    `SELECT current_setting('server_encoding') AS encoding, current_setting('default_transaction_isolation') AS isolation`,
  );
  const { encoding, isolation } = settings!;
  if (encoding !== "UTF8") {
    throw new StartError(
      `The encoding of the PostgreSQL database is ${encoding}, which cannot hold all texts. Set store to a database with the encoding UTF8.`,
    );
  }
  if (isolation !== "read committed") {
    throw new StartError(
      `default_transaction_isolation is ${isolation} in the PostgreSQL database, with which instances undo each other's transactions. Set it to read committed for the database or its user.`,
    );
  }
}
