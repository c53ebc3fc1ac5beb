import { gzipSync } from "node:zlib";

/** A page that is built from data on first use. It has the form of an embedded file. */
export class BuiltPage {
  #body: Uint8Array<ArrayBuffer> | null = null;
  #gzip: Uint8Array<ArrayBuffer> | null = null;
  #version: string | null = null;

  constructor(
    private readonly build: () => string,
    readonly contentType = "text/html; charset=utf-8",
  ) {}

  get body(): Uint8Array<ArrayBuffer> {
    this.#body ??= new TextEncoder().encode(this.build());
    return this.#body;
  }

  get gzip(): Uint8Array<ArrayBuffer> {
    this.#gzip ??= new Uint8Array(gzipSync(this.body, { level: 9 }));
    return this.#gzip;
  }

  get version(): string {
    this.#version ??= Bun.hash(this.body).toString(36);
    return this.#version;
  }
}
