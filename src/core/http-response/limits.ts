/**
 * Limits for reading a response, in bytes. Line ends count towards the two block limits but not
 * towards the line limits. The limit for the body is part of each request.
 */

/** Maximum length of the status line. */
export const statusLineBytesMax = 8 * 1024;
/** Maximum length of a header line. */
export const headerLineBytesMax = 16 * 1024;
/** Maximum length of all header lines together, including those of interim (1xx) responses. */
export const headerBlockBytesMax = 64 * 1024;
/** Maximum length of the size line of a chunk, including extensions. */
export const chunkSizeLineBytesMax = 4 * 1024;
/** Maximum length of all trailer lines together. */
export const trailerBytesMax = 16 * 1024;
