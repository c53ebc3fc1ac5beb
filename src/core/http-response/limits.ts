/**
 * Limits on what is read of a response, in bytes. Line ends count towards the two block limits and not towards the
 * line limits. The limit for the body comes with each request.
 */

/** Common servers send less than 100 bytes. */
export const statusLineBytesMax = 8 * 1024;
/** One header or trailer line. */
export const headerLineBytesMax = 16 * 1024;
/** All header lines together, those of interim (1xx) responses included. */
export const headerBlockBytesMax = 64 * 1024;
/** The size of one chunk with its extensions. */
export const chunkSizeLineBytesMax = 4 * 1024;
/** All trailer lines together. */
export const trailerBytesMax = 16 * 1024;
