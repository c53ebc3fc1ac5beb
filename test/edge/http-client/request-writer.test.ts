import { expect, test } from "bun:test";
import fc from "fast-check";
import { type ByteSink, writeRequest } from "../../../src/edge/http-client/request-writer.ts";

/** A socket that accepts a given number of bytes at each write. */
class SlowSocket implements ByteSink {
  readonly taken: Buffer[] = [];

  constructor(private readonly room: readonly number[]) {}

  write(bytes: Uint8Array, from: number, length: number): number {
    const room = this.room[this.taken.length % this.room.length]!;
    const count = Math.min(length, room);
    this.taken.push(Buffer.from(bytes.subarray(from, from + count)));
    return count;
  }

  get text(): string {
    return Buffer.concat(this.taken).toString("latin1");
  }
}

const head = fc.string({ unit: fc.constantFrom("a", "\u00e9", "\r\n"), minLength: 1, maxLength: 50 });
// These sizes are below, at and above the limit up to which one write contains the whole request.
const body = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(65_500, 65_536, 70_000).map(filled));
const room = fc.array(fc.oneof(fc.nat(60), fc.constantFrom(0, 65_530, 65_536, 100_000)), { maxLength: 6 }).map(endless);

function filled(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => i % 251);
}

/** Extends a list of sizes so that the socket finally accepts everything. */
function endless(room: number[]): number[] {
  return [...room, 30_000];
}

test("concurrent requests arrive completely even if sockets accept only part of each write", () => {
  const requests = fc.array(fc.tuple(head, body, room), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(requests, (all) => {
      const writing = all.map(([text, bytes, takes]) => {
        const socket = new SlowSocket(takes);
        return {
          socket,
          unsent: writeRequest(socket, text, bytes),
          expected: text + Buffer.from(bytes).toString("latin1"),
        };
      });
      while (writing.some(({ unsent }) => unsent !== null)) {
        for (const one of writing) one.unsent = one.unsent?.writeTo(one.socket) ?? null;
      }
      for (const { socket, expected } of writing) expect(socket.text === expected).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test("a request that fits into the socket's buffer is written immediately", () => {
  const socket = new SlowSocket([100_000]);
  expect(writeRequest(socket, "head", Buffer.from("body"))).toBeNull();
  expect(socket.taken.map(String)).toEqual(["headbody"]);
});

test("the writer writes nothing more to a socket that is closed", () => {
  const closed: ByteSink = { write: () => -1 };
  expect(writeRequest(closed, "head", Buffer.from("body"))).toBeNull();
  expect(writeRequest(closed, "head", new Uint8Array(70_000))).toBeNull();
});
