import { describe, expect, test } from "bun:test";
import { ByteBudget } from "../../../src/api/http/byte-budget.ts";
import { LargeFiles } from "../../../src/api/http/large-files.ts";
import { PIECE_SIZE } from "../../../src/api/http/piecewise.ts";
import { Problem } from "../../../src/core/problem.ts";

/** Holds back the turns of the event loop until `turn` is called. */
class HeldTurns {
  readonly #tasks: (() => void)[] = [];
  readonly soon = (task: () => void) => void this.#tasks.push(task);
  /** Runs one turn. Returns false if nothing waited for it. */
  async turn(): Promise<boolean> {
    const tasks = this.#tasks.splice(0);
    for (const task of tasks) task();
    await new Promise(setImmediate);
    return tasks.length > 0;
  }
}

const KIB = 1024;
const LARGE = new Uint8Array(64 * KIB).fill(1);
/** A file of more than one piece. */
const STREAMED = Uint8Array.from({ length: 300 * KIB }, (_, i) => i % 251);

describe("large files", () => {
  test("large files that are requested together are sent one per turn of the event loop", async () => {
    const turns = new HeldTurns();
    const files = new LargeFiles(turns, new ByteBudget(1e9));
    let sent = 0;
    for (let i = 0; i < 5; i++) void Promise.resolve(files.send(LARGE, {})).then(() => sent++);
    const sentAfter: number[] = [];
    for (await new Promise(setImmediate); await turns.turn(); ) sentAfter.push(sent);
    expect(sentAfter).toEqual([1, 2, 3, 4, 5]);
  });

  test("a small file is sent without waiting for a turn", () => {
    const files = new LargeFiles(new HeldTurns(), new ByteBudget(1e9));
    expect(files.send(new Uint8Array(KIB), {})).toBeInstanceOf(Response);
  });

  test("a very large file is sent unchanged, in pieces that are copied only as the client reads", async () => {
    const files = new LargeFiles({ soon: (task) => void setImmediate(task) }, new ByteBudget(1e9));
    const response = await files.send(STREAMED, { headers: { "content-type": "text/plain" } });
    expect(response.headers.get("content-type")).toBe("text/plain");
    const pieces: Uint8Array[] = [];
    for await (const piece of response.body!) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(4);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(PIECE_SIZE);
    expect(Buffer.concat(pieces).equals(Buffer.from(STREAMED))).toBe(true);
  });

  test("very large files are refused with 503 while too many are unread, and sent again after one was read", async () => {
    // Callers without a token may use a quarter of the budget.
    const files = new LargeFiles({ soon: (task) => void setImmediate(task) }, new ByteBudget(4 * 2 * PIECE_SIZE));
    const send = async () => files.send(STREAMED, {});
    const first = await send();
    await send();
    const refused = await send().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Problem);
    expect(refused).toMatchObject({ status: 503, code: "overloaded" });
    await first.arrayBuffer();
    expect((await send()).status).toBe(200);
  });
});
