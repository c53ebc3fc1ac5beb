import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { systemClock } from "../../../../src/edge/clock.ts";
import { copyDatabase } from "../../../../src/store/sqlite/backup/copy-database.ts";
import { databaseFileOf } from "../../../../src/store/sqlite/data-dir/data-dir.ts";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { optionsFor } from "../open.ts";

const ACCOUNTS = 2000;
const COPIES = 25;

/**
 * Moves amounts between accounts in a separate process, with a sum that never changes, and prints
 * the number of each committed transaction. Its log is checkpointed and restarted all the time.
 */
const WRITER = `
import { Database } from "bun:sqlite";
const db = new Database(process.argv[2], { strict: true });
db.run("PRAGMA busy_timeout = 5000");
db.run("PRAGMA synchronous = OFF");
db.run("PRAGMA wal_autocheckpoint = 40");
const move = db.prepare("UPDATE account SET amount = amount + ? WHERE id = ?");
const count = db.prepare("UPDATE counter SET value = ?");
const any = () => 1 + Math.floor(Math.random() * ${ACCOUNTS});
for (let n = 1; ; n++) {
  db.transaction(() => {
    for (let i = 0; i < 5; i++) { move.run(n, any()); move.run(-n, any()); }
    count.run(n);
  }).immediate();
  process.stdout.write(n + "\\n");
  if (n % 50 === 0) await Bun.sleep(1);
}
`;

test.each([
  ["at full speed", null],
  ["with pauses", systemClock],
])(
  "each copy %s of a database that another process is writing is intact and has every earlier commit",
  async (_, clock) => {
    using dir = temporaryDirectory();
    const dataDir = dir.file("data");
    await (await openStore(optionsFor(dataDir))).close();
    fill(databaseFileOf(dataDir));
    writeFileSync(dir.file("writer.ts"), WRITER);
    const writer = Bun.spawn([process.execPath, dir.file("writer.ts"), databaseFileOf(dataDir)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const committed = new Progress(writer.stdout);
      for (let i = 0; i < COPIES; i++) {
        const before = await committed.beyond(committed.last);
        const copy = dir.file(`copy-${i}`);
        await copyDatabase(dataDir, copy, clock);
        const db = new Database(copy, { strict: true });
        expect(db.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
        expect(db.query("SELECT SUM(amount) AS sum FROM account").get()).toEqual({ sum: 0 });
        const { value } = db.query("SELECT value FROM counter").get() as { value: number };
        expect(value).toBeGreaterThanOrEqual(before);
        db.close();
      }
    } finally {
      writer.kill("SIGKILL");
      await writer.exited;
    }
  },
  60_000,
);

function fill(path: string): void {
  const db = new Database(path, { strict: true });
  db.run("CREATE TABLE account (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL, rest TEXT NOT NULL)");
  db.run("CREATE TABLE counter (value INTEGER NOT NULL)");
  db.run("INSERT INTO counter VALUES (0)");
  const insert = db.prepare("INSERT INTO account (amount, rest) VALUES (0, ?)");
  db.transaction(() => {
    for (let i = 0; i < ACCOUNTS; i++) insert.run("x".repeat(1000));
  })();
  db.close();
}

/** The numbers that the writer prints. */
class Progress {
  last = 0;
  #changed = Promise.withResolvers<void>();

  constructor(stream: ReadableStream<Uint8Array>) {
    void this.#read(stream);
  }

  /** Resolves with the last number as soon as it is greater than `n`. */
  async beyond(n: number): Promise<number> {
    while (this.last <= n) await this.#changed.promise;
    return this.last;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of stream) {
      text += decoder.decode(chunk, { stream: true });
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      if (lines.length === 0) continue;
      this.last = Number(lines.at(-1));
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
  }
}
