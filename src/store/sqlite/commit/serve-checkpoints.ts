import { openBeside } from "../data-dir/database.ts";

/** Whether the log could be copied. */
export interface CheckpointEnd {
  readonly isCopied: boolean;
}

/** The worker thread's end of the connection to the main thread. A message is a data directory. */
interface Connection {
  onmessage: ((event: MessageEvent<string>) => void) | null;
  postMessage(end: CheckpointEnd): void;
}

/** Makes one checkpoint per message. Other connections can commit at the same time. */
export function serveCheckpoints(connection: Connection): void {
  connection.onmessage = ({ data }) => connection.postMessage({ isCopied: copyLog(data) });
}

/**
 * Copies the write-ahead log to the database. The database is not kept open, so that the server's
 * connection is the last one when the server stops. Returns false if the disk cannot be used.
 */
function copyLog(dataDir: string): boolean {
  try {
    const db = openBeside(dataDir);
    try {
      db.prepare("PRAGMA wal_checkpoint(PASSIVE)").get();
    } finally {
      db.close();
    }
    return true;
  } catch {
    return false;
  }
}
