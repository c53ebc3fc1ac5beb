import type { ByteLease } from "./byte-budget.ts";

/** Number of UTF-16 code units that are encoded at once. */
const PIECE_CHARS = 64 * 1024;

/**
 * Streams a long text in pieces as fast as the client reads, so that no copy of the whole text is
 * queued for a client that does not read. Ends the lease when the text has been sent or the client
 * has disconnected.
 */
export function inPieces(text: string, lease: ByteLease): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let rest: string | null = text;
  let at = 0;
  const end = () => {
    rest = null;
    lease.end();
  };
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (rest === null) return;
        const to = pieceEnd(rest, at);
        controller.enqueue(encoder.encode(rest.slice(at, to)));
        at = to;
        if (at < rest.length) return;
        end();
        controller.close();
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}

/**
 * Returns the end of the piece that starts at `from`. It is never between the two halves of a
 * surrogate pair.
 */
function pieceEnd(text: string, from: number): number {
  const to = Math.min(from + PIECE_CHARS, text.length);
  const isSplit = to < text.length && (text.charCodeAt(to - 1) & 0xfc00) === 0xd800;
  return isSplit ? to + 1 : to;
}
