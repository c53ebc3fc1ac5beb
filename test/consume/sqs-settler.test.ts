import { expect, test } from "bun:test";
import { SqsSettler } from "../../src/consume/sqs-settler.ts";
import { systemClock } from "../../src/edge/clock.ts";

const message = (receiptHandle: string) => ({
  ...{ id: receiptHandle, receiptHandle, eventType: null, headers: {}, body: Buffer.from("{}"), place: "orders" },
});

/** A clock whose pauses are short. */
const fastClock = { ...systemClock, after: (_: number, run: () => void) => systemClock.after(0, run) };

/** Starts a settler for a queue that responds to each removal with the next list of failed entries. */
function settlerWith(failed: readonly (readonly object[])[]) {
  const removals: string[][] = [];
  const settler = new SqsSettler(fastClock, async (_, { Entries: entries }) => {
    removals.push((entries as { ReceiptHandle: string }[]).map(({ ReceiptHandle }) => ReceiptHandle));
    return { Failed: failed[removals.length - 1] ?? [] };
  });
  return { settler, removals };
}

test("the messages of a batch that SQS could not remove are removed with another request", async () => {
  const { settler, removals } = settlerWith([[{ Id: "1", SenderFault: false, Code: "InternalError" }]]);
  await Promise.all(["a", "b", "c"].map((handle) => settler.remove(message(handle))));
  expect(removals).toEqual([["a", "b", "c"], ["b"]]);
});

test("a message that SQS refuses to remove is left to it, and no other request is made", async () => {
  const { settler, removals } = settlerWith([[{ Id: "0", SenderFault: true, Code: "ReceiptHandleIsInvalid" }]]);
  await settler.remove(message("a"));
  expect(removals).toEqual([["a"]]);
});

test("when SQS does not remove a message with three requests, settling it fails with the reason", async () => {
  const failed = { Id: "0", SenderFault: false, Code: "InternalError", Message: "Try later." };
  const { settler, removals } = settlerWith([[failed], [failed], [failed]]);
  const outcome = await settler.remove(message("a")).catch((error: Error) => error.message);
  expect(outcome).toBe("SQS does not remove messages (InternalError: Try later.).");
  expect(removals).toEqual([["a"], ["a"], ["a"]]);
});

test("entries with wrong types in the response to a removal are ignored", async () => {
  const { settler } = settlerWith([[null, 5, {}, { Id: {}, Code: [] }] as never]);
  await settler.remove(message("a"));
});

test("SQS messages that arrive while others are released are released too", async () => {
  const released: unknown[] = [];
  const response = Promise.withResolvers<Readonly<Record<string, unknown>>>();
  const settler = new SqsSettler(systemClock, (_, { Entries: entries }) => {
    for (const { ReceiptHandle } of entries as { ReceiptHandle: string }[]) released.push(ReceiptHandle);
    return response.promise;
  });
  settler.expect([message("first")]);
  const releasing = settler.release();
  settler.expect([message("second")]);
  response.resolve({});
  await releasing;
  expect(released).toEqual(["first", "second"]);
});
