import { expect, test } from "bun:test";
import { Signals } from "../../src/core/signal.ts";
import type { ConsumerSocket } from "../../src/sockets/consumer.ts";
import { type Connected, SocketConsumers } from "../../src/sockets/socket-consumers.ts";
import { VirtualClock } from "../sim/clock.ts";

const SECOND = 1000;

/** A connection whose client responds to pings, or does not. */
class PingedSocket implements ConsumerSocket {
  pings = 0;
  hasEnded = false;
  readonly unsentBytes = 0;
  connected: Connected | null = null;

  constructor(private readonly onPing: (connected: Connected) => void) {}

  send(): void {}
  ping(): void {
    this.pings++;
    this.onPing(this.connected!);
  }
  close(): void {
    this.terminate();
  }
  terminate(): void {
    this.hasEnded = true;
    this.connected!.ended();
  }
}

function bench() {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const consumers = new SocketConsumers(clock.ofProcess(0), new Signals(() => {}));
  const connect = (onPing: (connected: Connected) => void) => {
    const socket = new PingedSocket(onPing);
    socket.connected = consumers.connect(7, socket, 16);
    return socket;
  };
  const pass = (ms: number) => {
    const until = clock.now + ms;
    while (clock.peek() <= until) clock.next()!.task();
    clock.skip(until - clock.now);
  };
  return { clock, consumers, connect, pass };
}

test("a client gets a ping every 20 seconds, and one that responds stays connected", () => {
  const { consumers, connect, pass } = bench();
  const sockets = [
    connect((connected) => connected.heard()),
    // An acknowledgement is a sign of the client too.
    connect((connected) => connected.received("{}")),
  ];
  pass(600 * SECOND);
  expect(sockets.map(({ pings, hasEnded }) => [pings, hasEnded])).toEqual([
    [30, false],
    [30, false],
  ]);
  expect(consumers.countOf(7)).toBe(2);
});

test("a client that does not respond to three pings is disconnected, and no timer is left behind", () => {
  const { clock, consumers, connect, pass } = bench();
  const socket = connect(() => {});
  pass(79 * SECOND);
  expect([socket.pings, socket.hasEnded]).toEqual([3, false]);
  pass(SECOND);
  expect([socket.pings, socket.hasEnded, consumers.count]).toEqual([3, true, 0]);
  expect(clock.next()).toBeNull();
});

test("a consumer that connects after the last one has disconnected gets pings", () => {
  const { connect, pass } = bench();
  connect(() => {}).terminate();
  const socket = connect((connected) => connected.heard());
  pass(60 * SECOND);
  expect(socket.pings).toBe(3);
});
