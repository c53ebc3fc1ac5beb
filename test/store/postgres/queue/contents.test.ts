import { afterAll, describe, expect, test } from "bun:test";
import { systemClock } from "../../../../src/edge/clock.ts";
import type { Queries } from "../../../../src/store/postgres/connection/database.ts";
import { contentsVerb, LARGE_BYTES, LARGE_TOGETHER_BYTES } from "../../../../src/store/postgres/queue/contents.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import { Furnished } from "../../furnished.ts";
import { closeSharedServer, openDatabase } from "../open.ts";

afterAll(closeSharedServer);

interface Statement {
  readonly readsPayloadsOnly: boolean;
  readonly seqs: readonly number[];
  answer(): void;
}

/** Contents of messages with payloads of these sizes. The statements wait until the test lets them answer. */
function contentsOf(bytesBySeq: Readonly<Record<number, number>>) {
  const statements: Statement[] = [];
  const rowOf = (seq: number, isWhole: boolean) => {
    const bytes = bytesBySeq[seq]!;
    const others = { headers: null, channels: null, tags: null, received: null };
    return { ...others, seq, bytes, payload: isWhole || bytes < LARGE_BYTES ? new Uint8Array(bytes) : null };
  };
  const queries = {
    all: (sql: string, [parameter]: [string]) => {
      const { promise, resolve } = Promise.withResolvers<unknown[]>();
      const readsPayloadsOnly = !sql.includes("bytes");
      const seqs = JSON.parse(parameter.replace("{", "[").replace("}", "]")) as number[];
      const answer = () => resolve(seqs.map((seq) => rowOf(seq, readsPayloadsOnly)));
      statements.push({ readsPayloadsOnly, seqs, answer });
      return promise;
    },
  };
  const contents = contentsVerb(queries as unknown as Queries, systemClock);
  const sizesOf = async (seqs: readonly number[]) => (await contents(seqs)).map((content) => content?.payload?.length);
  return { statements, sizesOf };
}

const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

describe("the contents that several lanes read together", () => {
  test("a lane gets its small payloads while large ones of another lane are being read", async () => {
    const { statements, sizesOf } = contentsOf({ 1: 500, 2: LARGE_BYTES, 3: 600, 4: LARGE_BYTES - 1 });
    const [withLarge, small] = [sizesOf([1, 2]), sizesOf([3, 4])];
    await turn();
    expect(statements.map(({ seqs }) => seqs)).toEqual([[1, 2, 3, 4]]);
    statements[0]!.answer();
    expect(await small).toEqual([600, LARGE_BYTES - 1]);
    await turn();
    expect(statements.slice(1)).toMatchObject([{ readsPayloadsOnly: true, seqs: [2] }]);
    statements[1]!.answer();
    expect(await withLarge).toEqual([500, LARGE_BYTES]);
  });

  test("a statement reads at most 1 MiB of large payloads, or a single one", async () => {
    const half = LARGE_TOGETHER_BYTES / 2;
    const { statements, sizesOf } = contentsOf({ 1: half, 2: half, 3: 3 * half, 4: half });
    const sizes = sizesOf([1, 2, 3, 4]);
    for (let answered = 0; answered < 4; answered++) {
      await turn();
      statements[answered]!.answer();
    }
    expect(await sizes).toEqual([half, half, 3 * half, half]);
    expect(statements.slice(1).map(({ seqs }) => seqs)).toEqual([[1, 2], [3], [4]]);
  });

  test("lanes that want the same large payload at the same time share one read of it", async () => {
    const { statements, sizesOf } = contentsOf({ 1: LARGE_TOGETHER_BYTES });
    const sizes = [sizesOf([1]), sizesOf([1])];
    await turn();
    statements[0]!.answer();
    await turn();
    expect(statements).toHaveLength(2);
    statements[1]!.answer();
    expect(await Promise.all(sizes)).toEqual([[LARGE_TOGETHER_BYTES], [LARGE_TOGETHER_BYTES]]);
  });
});

describe.skipIf(!hasPostgres)("the contents of messages on PostgreSQL", () => {
  test("payloads of any size are read with the other contents, and a message that does not exist is null", async () => {
    await using world = await Furnished.open(openDatabase);
    const sizes = [2, LARGE_BYTES - 1, LARGE_BYTES, 3 * LARGE_TOGETHER_BYTES];
    const messages = sizes.map((size) => world.newMessage({ payload: new Uint8Array(size).fill(size % 251) }));
    await world.store.queue.accept(messages);
    const contents = await world.store.queue.contents([...messages.map(({ seq }) => seq), 1]);
    expect(contents.at(-1)).toBeNull();
    for (const [i, { seq, payload, eventType }] of messages.entries()) {
      expect(contents[i]).toMatchObject({ seq, eventType });
      expect(Buffer.compare(contents[i]!.payload!, payload)).toBe(0);
    }
  });
});
