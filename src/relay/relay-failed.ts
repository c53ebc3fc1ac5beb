/** The relay cannot continue. The message is for the user. */
export class RelayFailed extends Error {
  override readonly name = "RelayFailed";
}
