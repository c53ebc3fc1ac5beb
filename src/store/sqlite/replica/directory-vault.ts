import { chmodSync, existsSync, fstatSync, mkdirSync, promises, type Stats, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { IDENTITY } from "../../../core/replica-name.ts";
import type { Vault } from "../../../core/replica-vault.ts";
import { StartError } from "../../../core/start-error.ts";
import { codeOf, messageOf } from "../data-dir/disk-error.ts";
import { systemFiles } from "../data-dir/durable-file.ts";
import { type FileLock, FileLocked, lockFile } from "../data-dir/file-lock.ts";
import { writeAll } from "../data-dir/write-all.ts";
import { entriesOf, syncDirectory, syncFile, writeSynced } from "./vault-files.ts";

const MIB = 1024 * 1024;
/** Size at which a segment gets no more records. */
const SEGMENT_BYTES = 16 * MIB;
const LOCK_FILE = "lock";

interface OpenSegment {
  readonly name: string;
  readonly file: promises.FileHandle;
  bytes: number;
}

/** A replica in a directory. Records are appended to segments and synced. */
export class DirectoryVault implements Vault {
  readonly recordBytesMax = 4 * MIB;
  readonly pauseMs = 0;
  readonly #root: string;
  #lock: FileLock | null = null;
  /** Device and inode of the locked directory. */
  #place: string | null = null;
  /** Whether the last check failed. */
  #isMissing = false;
  #segment: OpenSegment | null = null;
  /** Segments that get no more records and are not durable yet. */
  readonly #ended: OpenSegment[] = [];

  constructor(readonly location: string) {
    this.#root = resolve(location);
  }

  /** Creates the directory with mode 0700. */
  async lock(): Promise<void> {
    const parent = dirname(this.#root);
    // The parent directory may be the mount point of another disk.
    if (!existsSync(parent)) throw new StartError(`The directory ${parent} of the replica does not exist. Create it.`);
    try {
      if (!existsSync(this.#root)) {
        mkdirSync(this.#root, { mode: 0o700 });
        chmodSync(this.#root, 0o700);
        systemFiles.sync(parent);
      }
      this.#lock = lockFile(join(this.#root, LOCK_FILE));
      this.#place = placeOf(statSync(this.#root));
    } catch (error) {
      if (error instanceof FileLocked) {
        throw new StartError(
          `The replica ${this.location} is already in use by another boathook. Stop that process or set another replica.`,
        );
      }
      throw new StartError(
        `The replica ${this.location} cannot be used (${codeOf(error) || messageOf(error)}). Check the path and its rights.`,
      );
    }
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    const path = await this.#pathOf(name);
    const temporary = `${path}.tmp`;
    try {
      await writeSynced(temporary, bytes);
      await promises.rename(temporary, path);
      await syncDirectory(dirname(path));
    } catch (error) {
      // A part of an object must not take the space on a full disk.
      await promises.rm(temporary, { force: true }).catch(() => {});
      await this.#checkAfter(error);
      throw error;
    }
  }

  async append(name: string, record: Uint8Array): Promise<void> {
    const segment = await this.#segmentFor(name);
    try {
      await writeAll(segment.file, record, segment.bytes);
      segment.bytes += record.length;
    } catch (error) {
      // The end of this segment may be a part of a record. The next one goes to another segment.
      this.#segment = null;
      this.#ended.push(segment);
      throw error;
    }
  }

  async sync(): Promise<void> {
    const ended = this.#ended.splice(0);
    const open = this.#segment;
    try {
      // Files in a directory that was moved can still be written.
      if (this.#isMissing) await this.check();
      for (const { file } of [...ended, ...(open === null ? [] : [open])]) {
        await syncFile(file.fd);
        // A file that was deleted can still be written.
        if (fstatSync(file.fd).nlink === 0) throw this.#removed();
      }
    } catch (error) {
      // The records are written again to another segment.
      if (open !== null && this.#segment === open) {
        this.#segment = null;
        ended.push(open);
      }
      throw error;
    } finally {
      for (const { file } of ended) await file.close().catch(() => {});
    }
  }

  async #segmentFor(name: string): Promise<OpenSegment> {
    const open = this.#segment;
    if (open !== null && open.bytes < SEGMENT_BYTES && dirname(open.name) === dirname(name)) return open;
    await this.endSegment();
    await this.check();
    const path = await this.#pathOf(name);
    // If the file exists, it has only the part of this record that an earlier try has written.
    try {
      const file = await promises.open(path, "w", 0o600);
      this.#segment = { name, file, bytes: 0 };
      await syncDirectory(dirname(path));
      return this.#segment;
    } catch (error) {
      await this.#checkAfter(error);
      throw error;
    }
  }

  async endSegment(): Promise<void> {
    if (this.#segment !== null) this.#ended.push(this.#segment);
    this.#segment = null;
  }

  async get(name: string): Promise<Uint8Array | null> {
    try {
      return await promises.readFile(join(this.#root, name));
    } catch (error) {
      return nullIfMissing(error);
    }
  }

  async list(prefix: string): Promise<readonly string[]> {
    // Names have at most three parts.
    const names: string[] = [];
    const visit = async (directory: string): Promise<void> => {
      for (const entry of await entriesOf(join(this.#root, directory))) {
        const name = directory === "" ? entry.name : `${directory}/${entry.name}`;
        if (entry.isDirectory() && (name.startsWith(prefix) || prefix.startsWith(`${name}/`))) await visit(name);
        else if (entry.isFile() && name.startsWith(prefix)) names.push(name);
      }
    };
    await visit("");
    return names.sort();
  }

  async remove(names: readonly string[]): Promise<void> {
    const directories = new Set<string>();
    for (const name of names) {
      await promises.rm(join(this.#root, name), { force: true });
      directories.add(dirname(name));
    }
    for (const directory of [...directories].filter((name) => name !== ".")) {
      // A directory that is not empty remains.
      await promises.rmdir(join(this.#root, directory)).catch(() => {});
    }
  }

  async check(): Promise<void> {
    this.#isMissing = true;
    const stats = await promises.stat(this.#root).catch(nullIfMissing);
    const identity = await promises.stat(join(this.#root, IDENTITY)).catch(nullIfMissing);
    if (stats === null || identity === null) throw this.#removed();
    if (this.#place !== null && placeOf(stats) !== this.#place) {
      throw new Error(
        `The replica ${this.location} was replaced by another directory. Put the first one back, or restart the server to use this one.`,
      );
    }
    this.#isMissing = false;
  }

  /** Rejects if a file is missing because the directory was removed after its path was made. */
  async #checkAfter(error: unknown): Promise<void> {
    if (isMissing(error)) await this.check();
  }

  #removed(): Error {
    return new Error(
      `The replica ${this.location} was removed or is no longer mounted. Put it back. To begin a new one, stop the server and delete replica.json in the data directory.`,
    );
  }

  async close(): Promise<void> {
    await this.endSegment();
    for (const { file } of this.#ended.splice(0)) await file.close().catch(() => {});
    this.#lock?.release();
    this.#lock = null;
  }

  /** Returns the path of an object, whose directory is created in the replica if necessary. */
  async #pathOf(name: string): Promise<string> {
    const path = join(this.#root, name);
    const directory = dirname(path);
    if (directory === this.#root || existsSync(directory)) return path;
    await this.check();
    await promises.mkdir(directory, { mode: 0o700, recursive: true });
    for (let made = directory; made !== this.#root; made = dirname(made)) await syncDirectory(dirname(made));
    return path;
  }
}

function placeOf({ dev, ino }: Stats): string {
  return `${dev} ${ino}`;
}

function isMissing(error: unknown): boolean {
  return /^(ENOENT|ENOTDIR)$/.test(codeOf(error));
}

function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}
