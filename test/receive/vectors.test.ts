import { describe, expect, test } from "bun:test";
import { findProvider } from "../../src/receive/providers/index.ts";
import type { DoorReply, Receiver } from "../../src/receive/receiver.ts";
import { receiverFor, requestOf, type Vector, vectors } from "./vectors.ts";

describe("the vectors of the providers", () => {
  for (const [index, vector] of vectors.entries()) {
    if (vector.expect === "handshake" || findProvider(vector.provider) === null) continue;
    test(`${vector.provider} (${index}): a request is ${vector.expect}: ${vector.description}`, () => {
      const result = receiverFor(vector).check(requestOf(vector), vector.now);
      if (vector.expect === "valid") expect(result).toEqual({ kind: "passed" });
      else expect(result).toEqual({ kind: "failed", cause: vector.reason! });
    });
  }
});

/** Returns what the sender gets for a handshake, or for an event that the provider calls one. */
function replyTo(receiver: Receiver, vector: Vector): DoorReply {
  const request = requestOf(vector);
  const handshake = receiver.handshake(request, vector.now);
  if (handshake === null || handshake.isSigned) {
    const { kind } = receiver.check(request, vector.now);
    if (kind !== "passed") return receiver.refusal ?? { status: 401, headers: {}, body: "not verified" };
  }
  return handshake?.reply ?? receiver.reply;
}

function expectBody(body: string, { body: expected, bodyMatch = "exact" }: NonNullable<Vector["answer"]>): void {
  if (bodyMatch === "exact") expect(body).toBe(expected);
  if (bodyMatch === "json") expect(JSON.parse(body)).toEqual(JSON.parse(expected));
  if (bodyMatch === "contains") expect(body).toContain(expected);
}

describe("the event types and delivery ids of the vectors", () => {
  for (const [index, vector] of vectors.entries()) {
    const { provider, eventType, deliveryId } = vector;
    if (eventType === undefined && deliveryId === undefined) continue;
    test(`${provider} (${index}) has the event type ${eventType} and the delivery id ${deliveryId}`, () => {
      const [receiver, request] = [receiverFor(vector), requestOf(vector)];
      if (eventType !== undefined) expect(receiver.eventType(request)).toBe(eventType);
      if (deliveryId !== undefined) expect(receiver.deliveryId(request)).toBe(deliveryId);
    });
  }
});

describe("the handshakes of the vectors", () => {
  for (const [index, vector] of vectors.entries()) {
    if (vector.expect !== "handshake" || findProvider(vector.provider) === null) continue;
    test(`${vector.provider} (${index}) gets its reply: ${vector.description}`, () => {
      const [receiver, answer] = [receiverFor(vector), vector.answer!];
      const { status, headers, body } = replyTo(receiver, vector);
      expect(status).toBe(answer.status);
      expectBody(body, answer);
      const expected = Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value]);
      expect(headers).toMatchObject(Object.fromEntries(expected));
      if (receiver.methods !== null) expect([...receiver.methods]).toContain(vector.method);
      const handshake = receiver.handshake(requestOf(vector), vector.now);
      expect(handshake?.capture !== undefined).toBe(answer.capture !== undefined);
      expect(handshake?.confirm).toBe(answer.fetch);
    });
  }
});
