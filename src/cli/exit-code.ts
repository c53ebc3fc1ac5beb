/** What the program ends with. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** Wrong usage or configuration. */
  usage: 2,
} as const;

/** Why a command failed: one sentence for the person at the terminal. Ends in exit code 1. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}
