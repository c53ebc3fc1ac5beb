/** Why the program cannot start: one sentence for the person at the terminal. Ends in exit code 1. */
export class StartError extends Error {
  override readonly name = "StartError";
}
