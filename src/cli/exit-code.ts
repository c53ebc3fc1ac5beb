/** Exit codes of the program. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** Wrong usage or configuration. */
  usage: 2,
} as const;

/** The command failed. The message is one sentence for the user. The exit code is 1. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

/** The input of the command is invalid. Nothing was changed. The exit code is 2. */
export class InputInvalid extends Error {
  override readonly name = "InputInvalid";
}

/** The command failed and has already printed why. The exit code is 1. */
export class FailureReported extends Error {
  override readonly name = "FailureReported";
}
