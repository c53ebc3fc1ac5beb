/**
 * Limits for reading a response, in bytes. Line ends count towards the two block limits but not
 * towards the line limits. The limit for the body comes with each request.
 */

/** The status line. */
export const statusLineBytesMax = 8 * 1024;
/** One header line. */
export const headerLineBytesMax = 16 * 1024;
/** All header lines together, including those of interim (1xx) responses. */
export const headerBlockBytesMax = 64 * 1024;
/** The size line of one chunk, with extensions. */
export const chunkSizeLineBytesMax = 4 * 1024;
/** All trailer lines together. */
export const trailerBytesMax = 16 * 1024;
