/** Runs a command without input and output. Returns whether it succeeded. */
export function succeeds(...command: string[]): boolean {
  return Bun.spawnSync(command, { stdio: ["ignore", "ignore", "ignore"] }).success;
}
