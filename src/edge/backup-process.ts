import { promises } from "node:fs";
import { dirname, join } from "node:path";

/** Maximum length of a reason, in characters. */
const REASON_CHARS_MAX = 500;

/** Makes backups with `boathook backup` in another process, which has a low priority. */
export class BackupProcess {
  #child: Bun.Subprocess<"ignore", "ignore", "pipe"> | null = null;

  constructor(
    /** The command line that starts this program. */
    private readonly program: readonly string[],
    private readonly dataDir: string,
    private readonly directory: string,
  ) {}

  async list(): Promise<readonly string[]> {
    // The parent directory must exist: it may be the mount point of another disk.
    await promises.mkdir(this.directory, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw goneOr(error, dirname(this.directory));
    });
    // The disk may disappear at any time.
    return promises.readdir(this.directory).catch((error: NodeJS.ErrnoException) => {
      throw goneOr(error, this.directory);
    });
  }

  remove(name: string): Promise<void> {
    return promises.rm(join(this.directory, name), { force: true });
  }

  async make(name: string): Promise<string | null> {
    const { PATH = "" } = process.env;
    const child = Bun.spawn([...this.program, "backup", join(this.directory, name), "--data-dir", this.dataDir], {
      env: { PATH },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    try {
      const text = await new Response(child.stderr).text();
      if ((await child.exited) === 0) return null;
      const ended = child.signalCode === null ? `exit code ${child.exitCode}` : `ended by ${child.signalCode}`;
      return text.trim().replace(/\s+/g, " ").slice(0, REASON_CHARS_MAX) || `The backup failed (${ended}).`;
    } finally {
      this.#child = null;
    }
  }

  abort(): void {
    this.#child?.kill();
  }
}

/** Returns the error to report if something in `directory` could not be used. */
function goneOr(error: NodeJS.ErrnoException, directory: string): Error {
  return error.code === "ENOENT" ? new Error(`The directory ${directory} does not exist.`) : error;
}
