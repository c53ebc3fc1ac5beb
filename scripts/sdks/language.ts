import { join } from "node:path";

/** A program with its arguments; a relative program is looked up on the `PATH`. */
export type Command = readonly [program: string, ...args: string[]];

/** One official SDK: what it takes to install, build and run its round trip. */
export interface Language {
  readonly name: string;
  /** The pinned SDK, as people name it. */
  readonly sdk: string;
  /** Where its program lies; all commands run there. */
  readonly directory: string;
  /** Programs that must be on the machine. */
  readonly tools: readonly string[];
  /** Prints the version of the toolchain, which must not be older than `oldest`. */
  readonly version: Command;
  readonly oldest: string;
  /** Fetches what is pinned. Needs the registry, unless everything has been fetched before. */
  readonly fetch: readonly Command[];
  readonly build: readonly Command[];
  readonly run: Command;
  /** Added to the environment of every command. */
  readonly env: Readonly<Record<string, string>>;
}

const BUILT = join(import.meta.dir, "..", "..", "dist", "sdks");
const EXE = process.platform === "win32" ? ".exe" : "";

function directory(name: string): string {
  return join(import.meta.dir, name);
}

function python(): Language {
  const home = join(BUILT, "python");
  const interpreter = process.platform === "win32" ? join(home, "Scripts", "python.exe") : join(home, "bin", "python");
  return {
    name: "Python",
    sdk: "svix 2.5.0",
    directory: directory("python"),
    tools: ["python3"],
    version: ["python3", "--version"],
    oldest: "3.10.0",
    fetch: [
      ["python3", "-m", "venv", home],
      [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"],
    ],
    build: [],
    run: [interpreter, "main.py"],
    env: { PYTHONDONTWRITEBYTECODE: "1" },
  };
}

function go(): Language {
  const program = join(BUILT, `go${EXE}`);
  return {
    name: "Go",
    sdk: "svix-webhooks 1.99.1",
    directory: directory("go"),
    tools: ["go"],
    version: ["go", "version"],
    oldest: "1.24.0",
    fetch: [["go", "mod", "download"]],
    build: [["go", "build", "-o", program, "."]],
    run: [program],
    // Without a C compiler, and by the committed go.mod and go.sum alone.
    env: { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -buildvcs=false", GOWORK: "off" },
  };
}

function rust(): Language {
  const target = join(BUILT, "rust");
  return {
    name: "Rust",
    sdk: "svix 2.5.0",
    directory: directory("rust"),
    // The TLS library of the SDK is partly C.
    tools: ["cargo", "cc", "ar"],
    version: ["cargo", "--version"],
    oldest: "1.88.0",
    fetch: [["cargo", "fetch", "--locked", "--quiet"]],
    build: [["cargo", "build", "--locked", "--offline", "--quiet"]],
    run: [join(target, "debug", `boathook-sdk-check${EXE}`)],
    env: { CARGO_TARGET_DIR: target },
  };
}

export const LANGUAGES: readonly Language[] = [python(), go(), rust()];
