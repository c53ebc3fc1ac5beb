import { delimiter, join, relative } from "node:path";

/** A program and its arguments. A relative program is looked up in `PATH`. */
export type Command = readonly [program: string, ...args: string[]];

/** How to install, build and run the round trip of one official SDK. */
export interface Language {
  readonly name: string;
  /** The pinned SDK and its version, for display. */
  readonly sdk: string;
  /** Directory of the round trip's program. All commands run in it. */
  readonly directory: string;
  /** Programs that must be installed. */
  readonly tools: readonly string[];
  /** Prints the version of the toolchain, which must be at least `oldest`. */
  readonly version: Command;
  readonly oldest: string;
  /**
   * Paths to remove before fetching; otherwise files of previously pinned versions would be used.
   */
  readonly remade: readonly string[];
  /** Fetches the pinned packages. Needs the registry unless all packages are cached. */
  readonly fetch: readonly Command[];
  readonly build: readonly Command[];
  readonly run: Command;
  /** Variables that are added to the environment of every command. */
  readonly env: Readonly<Record<string, string>>;
}

const BUILT = join(import.meta.dir, "..", "..", "dist", "sdks");
const EXE = process.platform === "win32" ? ".exe" : "";

function directory(name: string): string {
  return join(import.meta.dir, name);
}

/** A program in Python: an official SDK, or what else a client of the server uses. */
function python(name: string, folder: string, sdk: string): Language {
  const home = join(BUILT, folder);
  const interpreter = process.platform === "win32" ? join(home, "Scripts", "python.exe") : join(home, "bin", "python");
  return {
    ...{ name, sdk },
    directory: directory(folder),
    tools: ["python3"],
    version: ["python3", "--version"],
    oldest: "3.10.0",
    remade: [],
    fetch: [
      ["python3", "-m", "venv", home],
      [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"],
    ],
    build: [],
    run: [interpreter, "main.py"],
    env: { PYTHONDONTWRITEBYTECODE: "1" },
  };
}

/** A program in Go, as in Python. */
function go(name: string, folder: string, sdk: string, oldest: string): Language {
  const program = join(BUILT, `${folder}${EXE}`);
  return {
    ...{ name, sdk },
    directory: directory(folder),
    tools: ["go"],
    version: ["go", "version"],
    oldest,
    remade: [],
    fetch: [["go", "mod", "download"]],
    build: [["go", "build", "-o", program, "."]],
    run: [program],
    // Needs no C compiler and uses only the committed go.mod and go.sum.
    env: { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -buildvcs=false", GOWORK: "off" },
  };
}

function rust(): Language {
  const target = join(BUILT, "rust");
  return {
    name: "Rust",
    sdk: "svix 2.9.1",
    directory: directory("rust"),
    // Part of the SDK's TLS library is written in C.
    tools: ["cargo", "cc", "ar"],
    version: ["cargo", "--version"],
    oldest: "1.88.0",
    remade: [],
    fetch: [["cargo", "fetch", "--locked", "--quiet"]],
    build: [["cargo", "build", "--locked", "--offline", "--quiet"]],
    run: [join(target, "debug", `boathook-sdk-check${EXE}`)],
    env: { CARGO_TARGET_DIR: target },
  };
}

/** Maven without colours and progress output. It fetches the versions pinned in `pom.xml`. */
const MAVEN = ["mvn", "--batch-mode", "--quiet", "--strict-checksums", "-Dstyle.color=never"] as const;

function java(): Language {
  const home = join(BUILT, "java");
  const [classes, lib] = [join(home, "classes"), join(home, "lib")];
  return {
    name: "Java",
    sdk: "svix 1.99.1",
    directory: directory("java"),
    tools: ["java", "javac", "mvn"],
    version: ["javac", "--version"],
    oldest: "17.0.0",
    remade: [home],
    fetch: [[...MAVEN, "dependency:copy-dependencies", `-DoutputDirectory=${lib}`]],
    build: [["javac", "-Xlint:all", "-d", classes, "-cp", join(lib, "*"), "Main.java"]],
    run: ["java", "-cp", [classes, join(lib, "*")].join(delimiter), "Main"],
    env: {},
  };
}

const KOTLIN_COMPILER = "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler";

function kotlin(): Language {
  const home = join(BUILT, "kotlin");
  const [classes, lib, classpath] = [join(home, "classes"), join(home, "lib"), join(home, "classpath")];
  // The compiler needs the path of every library and splits the list at spaces. Relative paths
  // contain no spaces, whatever the path of the checkout is.
  const names = `-Dmdep.prefix=${relative(directory("kotlin"), lib)}`;
  return {
    name: "Kotlin",
    sdk: "svix-kotlin 1.98.0",
    directory: directory("kotlin"),
    tools: ["java", "mvn"],
    version: ["java", "--version"],
    oldest: "17.0.0",
    remade: [home],
    fetch: [
      [...MAVEN, "dependency:copy-dependencies", `-DoutputDirectory=${lib}`],
      [...MAVEN, "dependency:build-classpath", `-Dmdep.outputFile=${classpath}`, names],
    ],
    build: [
      ["java", "-cp", join(lib, "*"), KOTLIN_COMPILER, "-no-stdlib", "-d", classes, "-cp", `@${classpath}`, "Main.kt"],
    ],
    run: ["java", "-cp", [classes, join(lib, "*")].join(delimiter), "MainKt"],
    env: {},
  };
}

export const LANGUAGES: readonly Language[] = [
  python("Python", "python", "svix 2.9.1"),
  go("Go", "go", "svix-webhooks 1.99.1", "1.24.0"),
  ...[rust(), java(), kotlin()],
  python("gRPC in Python", "grpc-python", "grpcio 1.85.3"),
  go("gRPC in Go", "grpc-go", "grpc 1.85.0", "1.26.0"),
];
