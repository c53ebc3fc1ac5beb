import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type TarEntry, tar } from "../archive/tar.ts";

/**
 * Writes container images as the tar of an OCI image layout (image-spec 1.1), with the
 * `manifest.json` of `docker save` beside it for older versions of Docker. The manifest has the media
 * types of Docker: Podman ignores the health check of an image with those of OCI (Podman 4.3).
 */

export interface Image {
  /** Name and tag, such as `boathook:1.2.0`. */
  readonly reference: string;
  readonly architecture: "amd64" | "arm64";
  /** The files of the only layer. */
  readonly files: readonly TarEntry[];
  /** Time of the image and its files, in s. */
  readonly timeSeconds: number;
  /** How containers are started, with the names of the image specification. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly labels: Readonly<Record<string, string>>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
const MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG_TYPE = "application/vnd.docker.container.image.v1+json";
const LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/** Returns the tar. The same image always gives the same bytes. */
export function imageTar(image: Image): Uint8Array<ArrayBuffer> {
  const { timeSeconds, architecture, labels, reference } = image;
  const blobs = new Map<string, Uint8Array>();
  const add = (mediaType: string, content: Uint8Array): Descriptor => {
    const digest = digestOf(content);
    blobs.set(digest, content);
    return { mediaType, digest, size: content.length };
  };
  const plain = tar(image.files, timeSeconds);
  const layer = add(LAYER_TYPE, gzipSync(plain, { level: 9 }));
  const created = new Date(timeSeconds * 1000).toISOString();
  const config = add(
    CONFIG_TYPE,
    json({
      ...{ created, architecture, os: "linux" },
      config: { ...image.config, Labels: labels },
      rootfs: { type: "layers", diff_ids: [digestOf(plain)] },
      history: [{ created, created_by: "bun run image" }],
    }),
  );
  const manifest = add(
    MANIFEST_TYPE,
    json({
      ...{ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [layer] },
    }),
  );
  const annotations = {
    "org.opencontainers.image.ref.name": reference.slice(reference.lastIndexOf(":") + 1),
    "io.containerd.image.name": `docker.io/library/${reference}`,
  };
  const platform = { architecture, os: "linux" };
  const index = {
    schemaVersion: 2,
    mediaType: INDEX_TYPE,
    manifests: [{ ...manifest, platform, annotations }],
  };
  const saved = [{ Config: pathOf(config.digest), RepoTags: [reference], Layers: [pathOf(layer.digest)] }];
  const file = (path: string, content: Uint8Array): TarEntry => ({ path, mode: 0o644, content });
  return tar(
    [
      file("oci-layout", json({ imageLayoutVersion: "1.0.0" })),
      file("index.json", json(index)),
      file("manifest.json", json(saved)),
      { path: "blobs/", mode: 0o755 },
      { path: "blobs/sha256/", mode: 0o755 },
      ...[...blobs].map(([digest, content]) => file(pathOf(digest), content)),
    ],
    timeSeconds,
  );
}

function digestOf(content: Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

function pathOf(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
