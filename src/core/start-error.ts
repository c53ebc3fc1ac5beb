/**
 * The program cannot start. The message is one sentence for the operator. The process exits with
 * code 1.
 */
export class StartError extends Error {
  override readonly name = "StartError";
}
