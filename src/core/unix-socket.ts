const PREFIX = "unix:";
/** Maximum length of the path of a Unix socket on Linux and macOS, in bytes. */
const PATH_BYTES_MAX = 103;

/**
 * Returns the path in `unix:/path/to/socket`. Returns null for any other text, and for a path that
 * is not absolute or too long for a socket.
 */
export function socketPathOf(text: string): string | null {
  if (!text.startsWith(`${PREFIX}/`) || text.endsWith("/") || text.includes("\0")) return null;
  const path = text.slice(PREFIX.length);
  return Buffer.byteLength(path) <= PATH_BYTES_MAX ? path : null;
}
