/** The value cannot be used as a schema. */
export class UnusableSchema extends Error {
  override readonly name = "UnusableSchema";
  /** Location of the error in the schema. */
  readonly path: readonly string[];

  /**
   * `message` is a sentence. Message and path are truncated, because both may quote the schema and
   * are sent in a response.
   */
  constructor(message: string, path: readonly string[] = []) {
    super(message.slice(0, MESSAGE_CHARS_MAX));
    this.path = path.map((segment) => segment.slice(0, SEGMENT_CHARS_MAX));
  }
}

const MESSAGE_CHARS_MAX = 512;
const SEGMENT_CHARS_MAX = 128;
