import type { ByteLease } from "./byte-budget.ts";

/** Number of UTF-16 code units, or of bytes, that are queued at once. */
export const PIECE_SIZE = 64 * 1024;
/** Minimum length of a response that is sent in pieces. */
export const LONG_SIZE = 256 * 1024;

/** A part of a body, and where the next part begins. */
type PieceAt = (from: number) => { readonly bytes: Uint8Array; readonly to: number };

/**
 * Streams a long body in pieces as fast as the client reads, so that no copy of the whole body is
 * queued for a client that does not read. Ends the lease when the body has been sent or the client
 * has disconnected.
 */
export function inPieces(body: string | Uint8Array, lease: ByteLease): ReadableStream<Uint8Array> {
  let pieceAt: PieceAt | null = typeof body === "string" ? piecesOfText(body) : piecesOfBytes(body);
  const { length } = body;
  let at = 0;
  const end = () => {
    pieceAt = null;
    lease.end();
  };
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (pieceAt === null) return;
        const { bytes, to } = pieceAt(at);
        controller.enqueue(bytes);
        at = to;
        if (at < length) return;
        end();
        controller.close();
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}

function piecesOfBytes(body: Uint8Array): PieceAt {
  return (from) => {
    const to = Math.min(from + PIECE_SIZE, body.length);
    return { bytes: body.slice(from, to), to };
  };
}

function piecesOfText(text: string): PieceAt {
  const encoder = new TextEncoder();
  return (from) => {
    const to = pieceEnd(text, from);
    return { bytes: encoder.encode(text.slice(from, to)), to };
  };
}

/**
 * Returns the end of the piece that starts at `from`. It is never between the two halves of a
 * surrogate pair.
 */
function pieceEnd(text: string, from: number): number {
  const to = Math.min(from + PIECE_SIZE, text.length);
  const isSplit = to < text.length && (text.charCodeAt(to - 1) & 0xfc00) === 0xd800;
  return isSplit ? to + 1 : to;
}
