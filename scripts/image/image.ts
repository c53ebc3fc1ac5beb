import packageJson from "../../package.json";
import type { TarEntry } from "../archive/tar.ts";
import type { Sources } from "../release/sources.ts";
import { type Arch, libraryFiles } from "./libraries.ts";
import { imageTar } from "./oci.ts";

/** The container image of Boathook. */

const { name, version, description, license } = packageJson;

/** The user that runs the server. It has no name on the host. */
const USER = 65_532;
const PROGRAM = "usr/local/bin/boathook";
const SECOND_NS = 1e9;

/** How containers are started. `Healthcheck` is an extension of Docker. */
const CONFIG = {
  User: `${USER}:${USER}`,
  Entrypoint: [`/${PROGRAM}`],
  Cmd: ["serve"],
  Env: ["PATH=/usr/local/bin", "BOATHOOK_HOST=0.0.0.0", "BOATHOOK_DATA_DIR=/data", "BOATHOOK_LOG_FORMAT=json"],
  WorkingDir: "/data",
  Volumes: { "/data": {} },
  ExposedPorts: { "8071/tcp": {} },
  StopSignal: "SIGTERM",
  Healthcheck: {
    Test: ["CMD", `/${PROGRAM}`, "health"],
    Interval: 30 * SECOND_NS,
    Timeout: 15 * SECOND_NS,
    StartPeriod: 60 * SECOND_NS,
    Retries: 3,
  },
};

/**
 * Returns the tar of the image. It has one layer: the executable, the C library that it needs, and
 * an empty data directory.
 */
export async function boathookImage(
  executable: string,
  arch: Arch,
  { commit, timeSeconds }: Sources,
): Promise<Uint8Array<ArrayBuffer>> {
  return imageTar({
    reference: `${name}:${version}`,
    architecture: arch === "x64" ? "amd64" : "arm64",
    files: [...system(), ...(await libraryFiles(arch)), await file(PROGRAM, 0o755, executable)],
    ...{ timeSeconds, config: CONFIG },
    labels: {
      "org.opencontainers.image.title": name,
      "org.opencontainers.image.description": description,
      "org.opencontainers.image.licenses": license,
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.revision": commit,
    },
  });
}

async function file(path: string, mode: number, from: string): Promise<TarEntry> {
  return { path, mode, content: await Bun.file(from).bytes() };
}

/** Returns the files and directories that programs expect. */
function system(): TarEntry[] {
  const text = (path: string, content: string): TarEntry => ({ path, mode: 0o644, content: Buffer.from(content) });
  const directory = (path: string, mode = 0o755, owner = 0): TarEntry => ({ path, mode, owner });
  return [
    ...["etc/", "lib/", "lib64/", "usr/", "usr/local/", "usr/local/bin/"].map((path) => directory(path)),
    directory("data/", 0o700, USER),
    directory("tmp/", 0o1777),
    text("etc/passwd", `root:x:0:0:root:/:/sbin/nologin\nboathook:x:${USER}:${USER}:boathook:/data:/sbin/nologin\n`),
    text("etc/group", `root:x:0:\nboathook:x:${USER}:\n`),
    text("etc/nsswitch.conf", "hosts: files dns\n"),
  ];
}
