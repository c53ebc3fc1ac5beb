/**
 * The program cannot start. The message is one sentence for the person at the terminal; the process
 * exits with code 1.
 */
export class StartError extends Error {
  override readonly name = "StartError";
}
