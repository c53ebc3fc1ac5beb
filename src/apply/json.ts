/** An object of a file, a request or a response. */
export type Json = Readonly<Record<string, unknown>>;
