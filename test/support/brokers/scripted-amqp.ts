import type { Socket } from "node:net";
import { type RawServer, startRawServer } from "../raw-server.ts";

const [METHOD, HEADER, BODY, FRAME_END] = [1, 2, 3, 0xce];
const GREETING_BYTES = 8;
const HEADER_BYTES = 7;

/** The class and the number of each method (AMQP 0-9-1, 1.4; `confirm` is an extension). */
const METHODS = {
  ...{ connectionStart: [10, 10], connectionStartOk: [10, 11], connectionTune: [10, 30] },
  ...{ connectionOpen: [10, 40], connectionOpenOk: [10, 41], connectionClose: [10, 50], connectionCloseOk: [10, 51] },
  ...{ channelOpen: [20, 10], channelOpenOk: [20, 11], channelClose: [20, 40] },
  ...{ basicQos: [60, 10], basicQosOk: [60, 11], basicConsume: [60, 20], basicConsumeOk: [60, 21] },
  ...{ basicPublish: [60, 40], basicDeliver: [60, 60], basicAck: [60, 80] },
  ...{ confirmSelect: [85, 10], confirmSelectOk: [85, 11] },
} as const satisfies Readonly<Record<string, readonly [number, number]>>;
type Method = keyof typeof METHODS;

/** What a scripted server does when it gets a method on a channel. */
export type Script = Partial<Readonly<Record<Method, (channel: number, socket: Socket) => void>>>;

/** The methods that every server responds to in the same way. */
const RESPONSES: Partial<Readonly<Record<Method, readonly [name: Method, ...fields: Uint8Array[]]>>> = {
  // At most 2047 channels, frames of 128 KiB and no heartbeats.
  connectionStartOk: ["connectionTune", u16(2047), u32(131_072), u16(0)],
  connectionOpen: ["connectionOpenOk", shortText("")],
  connectionClose: ["connectionCloseOk"],
  channelOpen: ["channelOpenOk", longText("")],
  basicQos: ["basicQosOk"],
  basicConsume: ["basicConsumeOk", shortText("t")],
  confirmSelect: ["confirmSelectOk"],
};

/** A server that speaks AMQP up to an open channel, and then does what a script says. */
export function scriptedAmqp(script: Script): Promise<RawServer> {
  return startRawServer((socket) => {
    let received = Buffer.alloc(0);
    let isGreeted = false;
    socket.on("data", (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      if (!isGreeted) {
        if (received.length < GREETING_BYTES) return;
        isGreeted = true;
        received = received.subarray(GREETING_BYTES);
        const start = [Buffer.from([0, 9]), u32(0), longText("PLAIN"), longText("en_US")];
        socket.write(method("connectionStart", 0, ...start));
      }
      while (received.length >= HEADER_BYTES) {
        const end = HEADER_BYTES + received.readUInt32BE(3) + 1;
        if (received.length < end) return;
        respond(received.subarray(0, end), script, socket);
        received = received.subarray(end);
      }
    });
  });
}

function respond(frame: Buffer, script: Script, socket: Socket): void {
  if (frame[0] !== METHOD) return;
  const [kind, number] = [frame.readUInt16BE(HEADER_BYTES), frame.readUInt16BE(HEADER_BYTES + 2)];
  const names = Object.keys(METHODS) as Method[];
  const name = names.find((one) => METHODS[one][0] === kind && METHODS[one][1] === number);
  if (name === undefined) return;
  const channel = frame.readUInt16BE(1);
  const response = RESPONSES[name];
  if (response !== undefined) socket.write(method(response[0], channel, ...(response.slice(1) as Uint8Array[])));
  script[name]?.(channel, socket);
}

/** Returns the frame with which a server confirms a message, or all up to it. */
export function confirm(channel: number, deliveryTag: number, isMultiple: boolean): Buffer {
  return method("basicAck", channel, u64(deliveryTag), Buffer.from([Number(isMultiple)]));
}

/** Returns the frame with which a server closes a channel because of an error. */
export function channelClose(channel: number, code: number): Buffer {
  return method("channelClose", channel, u16(code), shortText("x"), u32(0));
}

/** Returns the frames of a message for a consumer. `size` may differ from the size of `body`. */
export function delivery(channel: number, deliveryTag: number, size: number, body: Buffer): Buffer {
  const fields = [shortText("t"), u64(deliveryTag), Buffer.from([0]), shortText(""), shortText("q")];
  const header = frame(HEADER, channel, Buffer.concat([u16(60), u16(0), u64(size), u16(0)]));
  return Buffer.concat([method("basicDeliver", channel, ...fields), header, bodyFrame(channel, body)]);
}

/** Returns a frame with a part of the content of a message. */
export function bodyFrame(channel: number, body: Buffer): Buffer {
  return frame(BODY, channel, body);
}

function method(name: Method, channel: number, ...fields: readonly Uint8Array[]): Buffer {
  const [kind, number] = METHODS[name];
  return frame(METHOD, channel, Buffer.concat([u16(kind), u16(number), ...fields]));
}

function frame(type: number, channel: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type]), u16(channel), u32(payload.length), payload, Buffer.from([FRAME_END])]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function shortText(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
}

function longText(text: string): Buffer {
  return Buffer.concat([u32(text.length), Buffer.from(text)]);
}
