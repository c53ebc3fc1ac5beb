import { expect, test } from "bun:test";
import { SqsSettler } from "../../src/consume/sqs-settler.ts";
import { systemClock } from "../../src/edge/clock.ts";

test("SQS messages that arrive while others are released are released too", async () => {
  const released: unknown[] = [];
  const response = Promise.withResolvers<Readonly<Record<string, unknown>>>();
  const settler = new SqsSettler(systemClock, (_, { Entries: entries }) => {
    for (const { ReceiptHandle } of entries as { ReceiptHandle: string }[]) released.push(ReceiptHandle);
    return response.promise;
  });
  const message = (receiptHandle: string) => ({
    ...{ id: receiptHandle, receiptHandle, eventType: null, headers: {}, body: Buffer.from("{}"), place: "orders" },
  });
  settler.expect([message("first")]);
  const releasing = settler.release();
  settler.expect([message("second")]);
  response.resolve({});
  await releasing;
  expect(released).toEqual(["first", "second"]);
});
