import { describe, expect, test } from "bun:test";
import type { Socket } from "../../../src/api/http/web-socket.ts";
import { Tails } from "../../../src/api/live/tail.ts";
import { Facts } from "../../../src/core/facts.ts";
import { IdCodec } from "../../../src/core/id.ts";

const APPLICATION = 4096;
const ids = new IdCodec([1, 2, 3, 4]);

/** A client that reads only when the test says so. */
function slowClient() {
  const frames: { type: string; count?: number }[] = [];
  const state = { unreadBytes: 0, code: 0 };
  const socket = {
    sendText: (text: string) => {
      frames.push(JSON.parse(text));
      return text.length;
    },
    getBufferedAmount: () => state.unreadBytes,
    close: (code: number) => {
      state.code = code;
    },
  } as unknown as Socket;
  return { frames, state, socket };
}

function accept(facts: Facts, applicationSeq: number, messageSeq: number): void {
  const more = { environmentSeq: 1, eventType: "a", deliveries: 0 };
  facts.state({ type: "message.accepted", messageSeq, applicationSeq, ...more });
}

describe("the tails of applications", () => {
  test("a client that does not read is sent no events, and then their number", () => {
    const facts = new Facts();
    const tails = new Tails({ facts, ids, clock: { now: () => 0 } });
    const { frames, state, socket } = slowClient();
    tails.of(APPLICATION, () => {}).open(socket);
    accept(facts, APPLICATION, 5000);
    state.unreadBytes = 2 * 1024 * 1024;
    for (let n = 0; n < 10_000; n++) accept(facts, APPLICATION, 5001 + n);
    expect(frames.map(({ type }) => type)).toEqual(["ready", "message"]);
    state.unreadBytes = 0;
    accept(facts, APPLICATION, 20_000);
    expect(frames.slice(2)).toMatchObject([{ type: "skipped", count: 10_000 }, { type: "message" }]);
  });

  test("a closed tail gets nothing, and its end is reported once", () => {
    const facts = new Facts();
    const tails = new Tails({ facts, ids, clock: { now: () => 0 } });
    let ends = 0;
    const tail = tails.of(APPLICATION, () => ends++);
    const { frames, socket } = slowClient();
    tail.open(socket);
    accept(facts, APPLICATION + 1, 5000);
    tail.close();
    accept(facts, APPLICATION, 5001);
    expect({ types: frames.map(({ type }) => type), ends }).toEqual({ types: ["ready"], ends: 1 });
  });
});
