import { randomBytes } from "node:crypto";
import { chmodSync, linkSync, lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { StartError } from "../core/start-error.ts";

/**
 * Makes room for a new Unix socket: removes the socket that a server has left when it was killed.
 * Throws `StartError` if a process listens on the socket, or if the path is another kind of file.
 */
export async function makeRoomForSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new StartError(`The file ${path} is not a socket. Remove it, or set host to another path.`);
  }
  const code = await connectionError(path);
  if (code === null) {
    throw new StartError(
      `The Unix socket ${path} is already in use. Stop the process that listens on it or set host to another path.`,
    );
  }
  if (code === "ENOENT") return;
  if (code !== "ECONNREFUSED") throw socketError(code, path);
  try {
    unlinkSync(path);
  } catch (error) {
    throw socketError(codeOf(error), path);
  }
}

/** The file of a socket that this process has created. */
export interface SocketFile {
  /** The path at which the socket was created. The system keeps it as the name of the socket. */
  readonly createdAt: string;
  /** Removes the file, unless it is gone or another process has put its own in its place. */
  remove(): void;
}

/**
 * Creates a Unix socket that has this mode from its beginning. `listen` creates it at the path that
 * it gets. Throws `StartError` if the socket cannot be created.
 *
 * The runtime removes the path of a listener when the listener stops, whatever is there (Bun
 * 1.4.5). So the listener gets a path of its own, and the socket is then moved to its place.
 */
export function createSocket(path: string, mode: number, listen: (path: string) => void): SocketFile {
  const own = join(dirname(path), `.${randomBytes(2).toString("hex")}`);
  const mask = process.umask(0o777 & ~mode);
  try {
    listen(own);
    // Systems other than Linux may ignore the mask.
    chmodSync(own, mode);
    // Unlike a rename, a link never replaces the socket of another process.
    linkSync(own, path);
    unlinkSync(own);
  } catch (error) {
    throw socketError(codeOf(error), path);
  } finally {
    process.umask(mask);
  }
  const { ino, dev } = lstatSync(path);
  return {
    createdAt: own,
    remove() {
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found?.ino === ino && found.dev === dev) unlinkSync(path);
    },
  };
}

/** Returns the error of a connection to the socket, or null if it was accepted. */
function connectionError(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(null);
    });
    socket.once("error", (error) => resolve(codeOf(error)));
  });
}

function socketError(code: string, path: string): StartError {
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new StartError(`The directory of the Unix socket ${path} does not exist. Create it, or set host.`);
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new StartError(
        `This process has no permission to create the Unix socket ${path} (${code}). Change the owner or mode of its directory, or set host to another path.`,
      );
    case "EADDRINUSE":
    case "EEXIST":
      return new StartError(`The Unix socket ${path} is already in use. Set host to another path.`);
    default:
      return new StartError(`The Unix socket ${path} cannot be used (${code}). Set host to another path.`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
