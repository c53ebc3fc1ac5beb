/** Returns the command line that starts this program: the executable, or the runtime and the sources. */
export function ownProgram(): readonly string[] {
  // The entry point of an executable is in a virtual file system.
  return /^(\/\$bunfs\/|[A-Z]:[\\/]~BUN[\\/])/.test(Bun.main) ? [process.execPath] : [process.execPath, Bun.main];
}
