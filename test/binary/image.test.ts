import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { which } from "bun";
import packageJson from "../../package.json";
import { boathookImage } from "../../scripts/image/image.ts";
import { executable } from "../support/binary.ts";
import { until } from "../support/delivery.ts";
import { freePort } from "../support/free-port.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Tests the container image with the executable of this machine. */

const isSupported = process.platform === "linux" && which("tar") !== null;
const USER = 65_532;
const REFERENCE = `boathook:${packageJson.version}`;

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

describe.skipIf(!isSupported)("the container image", () => {
  const dir = temporaryDirectory();
  const layout = dir.file("layout");
  const read = (path: string) => readFileSync(`${layout}/${path}`);
  const json = (path: string) => JSON.parse(read(path).toString());
  const blobOf = ({ digest }: Blob) => read(`blobs/${digest.replace(":", "/")}`);
  const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

  beforeAll(async () => {
    const sources = { commit: "0123456789abcdef", timeSeconds: 1_700_000_000, isDirty: false };
    const arch = process.arch === "arm64" ? "arm64" : "x64";
    writeFileSync(dir.file("image.tar"), await boathookImage(executable()[0]!, arch, sources));
    mkdirSync(layout);
    expect(Bun.spawnSync(["tar", "xf", dir.file("image.tar"), "-C", layout]).exitCode).toBe(0);
  });
  afterAll(() => dir[Symbol.dispose]());

  test("the container image is an OCI layout in which every digest and size is right", () => {
    expect(json("oci-layout")).toEqual({ imageLayoutVersion: "1.0.0" });
    const index = json("index.json");
    expect(index).toMatchObject({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json" });
    expect(index.manifests).toHaveLength(1);
    const manifest = JSON.parse(blobOf(index.manifests[0]).toString());
    expect(manifest.layers).toHaveLength(1);
    for (const blob of [index.manifests[0], manifest.config, ...manifest.layers] as Blob[]) {
      const bytes = blobOf(blob);
      expect({ digest: sha256(bytes), size: bytes.length }).toEqual({ digest: blob.digest, size: blob.size });
    }
    const config = JSON.parse(blobOf(manifest.config).toString());
    expect(config.rootfs).toEqual({ type: "layers", diff_ids: [sha256(gunzipSync(blobOf(manifest.layers[0])))] });
    expect(json("manifest.json")).toEqual([
      {
        Config: `blobs/${manifest.config.digest.replace(":", "/")}`,
        RepoTags: [REFERENCE],
        Layers: [`blobs/${manifest.layers[0].digest.replace(":", "/")}`],
      },
    ]);
  });

  test("the container image runs the server as a user without privileges, with a health check and a volume for the data", () => {
    const manifest = JSON.parse(blobOf(json("index.json").manifests[0]).toString());
    const { config, os, architecture } = JSON.parse(blobOf(manifest.config).toString());
    expect({ os, architecture }).toEqual({ os: "linux", architecture: process.arch === "arm64" ? "arm64" : "amd64" });
    expect(config).toMatchObject({
      ...{ User: `${USER}:${USER}`, Entrypoint: ["/usr/local/bin/boathook"], Cmd: ["serve"] },
      ...{ Volumes: { "/data": {} }, ExposedPorts: { "8071/tcp": {} }, StopSignal: "SIGTERM" },
      Healthcheck: { Test: ["CMD", "/usr/local/bin/boathook", "health"] },
    });
    expect(config.Labels["org.opencontainers.image.revision"]).toBe("0123456789abcdef");
  });

  test.skipIf(which("skopeo") === null)(
    "the container image is read by skopeo as an OCI archive and as a Docker archive",
    () => {
      for (const transport of ["oci-archive", "docker-archive"]) {
        const { stdout, exitCode } = Bun.spawnSync(["skopeo", "inspect", `${transport}:${dir.file("image.tar")}`]);
        expect({ transport, exitCode }).toEqual({ transport, exitCode: 0 });
        expect(JSON.parse(stdout.toString()).Layers).toHaveLength(1);
      }
    },
  );

  test.skipIf(which("podman") === null)("the container image is loaded by podman with its health check", () => {
    const podman = (...args: string[]) =>
      Bun.spawnSync([
        "podman",
        "--storage-driver=vfs",
        `--root=${dir.file("root")}`,
        `--runroot=${dir.file("run")}`,
        ...args,
      ]);
    expect(podman("load", "-i", dir.file("image.tar")).stdout.toString()).toContain(REFERENCE);
    const [image] = JSON.parse(podman("image", "inspect", REFERENCE).stdout.toString());
    expect(image).toMatchObject({ User: `${USER}:${USER}` });
    expect(image.HealthCheck ?? image.Healthcheck).toMatchObject({
      Test: ["CMD", "/usr/local/bin/boathook", "health"],
    });
    podman("rmi", "--all", "--force");
  });

  const canIsolate =
    process.getuid?.() === 0 &&
    Bun.spawnSync(["unshare", "--mount", "mount", "--bind", "/proc", "/mnt"]).exitCode === 0;
  test.skipIf(!canIsolate)("the container image contains everything that the server needs", async () => {
    const root = dir.file("files");
    mkdirSync(root);
    const manifest = JSON.parse(blobOf(json("index.json").manifests[0]).toString());
    const layer = `${layout}/blobs/${manifest.layers[0].digest.replace(":", "/")}`;
    expect(Bun.spawnSync(["tar", "xzpf", layer, "-C", root, "--numeric-owner"]).exitCode).toBe(0);
    mkdirSync(`${root}/proc`);
    mkdirSync(`${root}/dev`);
    // The mounts end with the process, because they are in its own namespace.
    const script =
      'mount --bind /proc "$1/proc" && mount --bind /dev "$1/dev" && root=$1 && shift && exec chroot --userspec=65532:65532 "$root" "$@"';
    const port = freePort();
    const env = {
      BOATHOOK_HOST: "127.0.0.1",
      BOATHOOK_PORT: String(port),
      BOATHOOK_DATA_DIR: "/data",
      BOATHOOK_NAME_SERVERS: "127.0.0.1:9",
    };
    const inside = (command: string) =>
      Bun.spawn(["unshare", "--mount", "sh", "-c", script, "sh", root, "/usr/local/bin/boathook", command], {
        env: { PATH: process.env.PATH!, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
    const server = inside("serve");
    try {
      const health = async () => {
        const check = inside("health");
        return `${await new Response(check.stdout).text()}${await new Response(check.stderr).text()}${await check.exited}`;
      };
      expect(await until(health, (text) => text === "ok\n0")).toBe("ok\n0");
      server.kill("SIGTERM");
      expect(await server.exited).toBe(0);
      expect(await health()).toMatch(/^The server at http:\/\/127\.0\.0\.1:\d+ cannot be reached .*\n1$/);
    } finally {
      server.kill("SIGKILL");
    }
  });
});
