import type { Channel } from "amqplib";

/**
 * Maximum size of a frame that a server may send, in bytes. The client proposes frames of 128 KiB, but
 * some servers send larger ones. The client copies the beginning of a frame each time more of it
 * arrives.
 */
export const FRAME_BYTES_MAX = 1024 * 1024;

/** A frame as the client parses it: a method, the header of a message, or a part of its content. */
interface Frame {
  /** The size of the message. Only in a header. */
  size?: number;
  /** Only in a part of the content. */
  content?: Buffer;
}

/**
 * Keeps only the first `bytesMax` bytes of each message that arrives on a channel. The client itself
 * collects messages of any size in memory.
 */
export function limitContent(channel: Channel, bytesMax: number): void {
  const client = channel as unknown as { accept(frame: Frame): void };
  const accept = client.accept.bind(channel);
  /** Number of bytes of the message that are still to be kept. */
  let left = 0;
  client.accept = (frame) => {
    if (frame.size !== undefined) {
      frame.size = Math.min(frame.size, bytesMax);
      left = frame.size;
    } else if (frame.content !== undefined) {
      frame.content = frame.content.subarray(0, Math.max(0, left));
      if (frame.content.length === 0) return;
      left -= frame.content.length;
    }
    accept(frame);
  };
}
