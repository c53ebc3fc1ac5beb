import { StartError } from "../../core/start-error.ts";
import { StoreUnavailable } from "../index.ts";
import { codeOf, messageOf } from "./data-dir/disk-error.ts";

/**
 * Returns the error to show if a data directory cannot be opened or written: one sentence with the
 * cause and the remedy. An error that comes neither from the disk nor from SQLite is returned
 * unchanged, because it is a bug.
 */
export function openError(error: unknown, dataDir: string): unknown {
  if (error instanceof StoreUnavailable) {
    return new StartError(`The data directory ${dataDir} cannot be used: ${error.message.replace(/\.$/, "")}.`);
  }
  const code = codeOf(error);
  if (error instanceof StartError || code === "") return error;
  const directory = `The data directory ${dataDir}`;
  if (/^(ENOSPC|EDQUOT|EFBIG|SQLITE_FULL)/.test(code)) {
    return new StartError(`${directory} is on a full disk. Free some space, then try again.`);
  }
  if (code === "EROFS" || code.startsWith("SQLITE_READONLY")) {
    return new StartError(`${directory} is read-only. Make it writable or set another data-dir.`);
  }
  if (code === "ENOTDIR" || code === "EEXIST") {
    return new StartError(`${directory} is not a directory, or its path leads through a file. Set another data-dir.`);
  }
  if (/^(EACCES|EPERM)$/.test(code)) {
    return new StartError(
      `${directory} cannot be used: permission denied. Give it to the user that runs Boathook (${userText()}) or set another data-dir.`,
    );
  }
  if (code.startsWith("SQLITE_NOTADB")) {
    return new StartError(
      `The database in ${dataDir} is not an SQLite database. Restore it from a backup or set another data-dir.`,
    );
  }
  if (code.startsWith("SQLITE_CORRUPT")) {
    return new StartError(`The database in ${dataDir} is damaged (${messageOf(error)}). Restore it from a backup.`);
  }
  if (code.startsWith("SQLITE_CANTOPEN")) {
    return new StartError(
      `The files in the data directory ${dataDir} cannot be opened by ${userText()}. Check who owns them, or set another data-dir.`,
    );
  }
  if (code.startsWith("SQLITE_BUSY")) {
    return new StartError(`The database in ${dataDir} is locked by another program. Stop that program.`);
  }
  return new StartError(`${directory} cannot be used: ${messageOf(error).replace(/\.$/, "")} (${code}).`);
}

/** Returns the user that this process runs as. */
export function userText(): string {
  const uid = process.getuid?.();
  return uid === undefined ? "this user" : `uid ${uid}`;
}
