/**
 * Programs that tests use and a machine may lack. They are installed where that is allowed and simple: as root, on Debian and
 * its kin. Elsewhere the tests that need them are skipped, and say so.
 */

interface Tool {
  readonly program: string;
  /** The Debian package that has it. */
  readonly package: string;
  readonly purpose: string;
}

const TOOLS: readonly Tool[] = [
  { program: "chromium", package: "chromium", purpose: "the tests of the admin page" },
  { program: "strace", package: "strace", purpose: "the tests that a 2xx comes after the sync" },
];

function apt(...args: string[]): boolean {
  const child = Bun.spawnSync(["apt-get", ...args], {
    stdout: "ignore",
    stderr: "ignore",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  return child.exitCode === 0;
}

/** Installs what is missing, as far as it may. Returns a line about each tool that is not there afterwards. */
export function installTestTools(): string[] {
  const missing = TOOLS.filter(({ program }) => Bun.which(program) === null);
  const mayInstall = process.getuid?.() === 0 && Bun.which("apt-get") !== null;
  if (missing.length > 0 && mayInstall) {
    const install = ["install", "-y", "--no-install-recommends", ...missing.map((tool) => tool.package)];
    if (!apt(...install)) {
      apt("update");
      apt(...install);
    }
  }
  return missing
    .filter(({ program }) => Bun.which(program) === null)
    .map(({ program, purpose }) => `${program} is missing: ${purpose} are skipped`);
}
