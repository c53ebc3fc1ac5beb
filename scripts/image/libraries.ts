import { realpathSync } from "node:fs";
import { join } from "node:path";
import type { TarEntry } from "../archive/tar.ts";

/**
 * The C library of Linux for an image. The executable is linked against glibc 2.17 or later, which
 * cannot be linked statically with look-ups of host names. It is taken from this machine.
 */

export type Arch = "x64" | "arm64";

interface Library {
  /** The dynamic loader, at the path that executables name. */
  readonly loader: string;
  /** Directories of this machine that may have the libraries. */
  readonly directories: readonly string[];
  /** The Debian package that brings the libraries to machines of another architecture. */
  readonly debianPackage: string;
}

const LIBRARIES: Readonly<Record<Arch, Library>> = {
  x64: {
    loader: "lib64/ld-linux-x86-64.so.2",
    directories: ["/lib/x86_64-linux-gnu", "/usr/x86_64-linux-gnu/lib", "/lib64"],
    debianPackage: "libc6-amd64-cross",
  },
  arm64: {
    loader: "lib/ld-linux-aarch64.so.1",
    directories: ["/lib/aarch64-linux-gnu", "/usr/aarch64-linux-gnu/lib", "/lib64"],
    debianPackage: "libc6-arm64-cross",
  },
};

const NAMES = ["libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2"] as const;

/** Returns the files. Throws if this machine does not have them. */
export async function libraryFiles(arch: Arch): Promise<TarEntry[]> {
  const { loader, directories, debianPackage } = LIBRARIES[arch];
  for (const directory of directories) {
    const sources: ReadonlyArray<readonly [path: string, from: string]> = [
      [loader, join(directory, loader.slice(loader.lastIndexOf("/") + 1))],
      ...NAMES.map((name) => [`lib/${name}`, join(directory, name)] as const),
    ];
    const files = await Promise.all(sources.map(([path, from]) => fileOf(path, from)));
    if (files.every((file) => file !== null)) return files;
  }
  throw new Error(
    `This machine has no C library (glibc) for ${arch} in ${directories.join(" or ")}. On Debian, install ${debianPackage}.`,
  );
}

async function fileOf(path: string, from: string): Promise<TarEntry | null> {
  try {
    return { path, mode: 0o755, content: await Bun.file(realpathSync(from)).bytes() };
  } catch {
    return null;
  }
}
