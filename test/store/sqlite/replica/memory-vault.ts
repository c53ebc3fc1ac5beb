import { IDENTITY } from "../../../../src/core/replica-name.ts";
import type { Vault } from "../../../../src/core/replica-vault.ts";

/** A vault in memory that fails when a test wants it to. */
export class MemoryVault implements Vault {
  readonly location = "s3://memory";
  recordBytesMax = 64 * 1024;
  pauseMs = 0;
  readonly objects = new Map<string, Uint8Array>();
  /** Called before each change. It may throw or wait. */
  before: (what: "put" | "append" | "sync" | "remove", name: string) => void | Promise<void> = () => {};
  /** Called before each read. It may throw. */
  beforeRead: () => void = () => {};

  async lock(): Promise<void> {}

  async put(name: string, bytes: Uint8Array): Promise<void> {
    await this.before("put", name);
    this.objects.set(name, Uint8Array.from(bytes));
  }

  async append(name: string, record: Uint8Array): Promise<void> {
    await this.before("append", name);
    this.objects.set(name, Uint8Array.from(record));
  }

  async sync(): Promise<void> {
    await this.before("sync", "");
  }

  async endSegment(): Promise<void> {}

  async get(name: string): Promise<Uint8Array | null> {
    this.beforeRead();
    return this.objects.get(name) ?? null;
  }

  async list(prefix: string): Promise<readonly string[]> {
    this.beforeRead();
    return [...this.objects.keys()].filter((name) => name.startsWith(prefix)).sort();
  }

  async remove(names: readonly string[]): Promise<void> {
    await this.before("remove", names[0] ?? "");
    for (const name of names) this.objects.delete(name);
  }

  async check(): Promise<void> {}

  async close(): Promise<void> {}

  /** Returns the names of the objects whose name contains a text. */
  named(text: string): string[] {
    return [...this.objects.keys()].filter((name) => name.includes(text) && name !== IDENTITY).sort();
  }

  /** Changes one byte in the middle of an object. */
  damage(name: string): void {
    const bytes = this.objects.get(name)!;
    bytes[bytes.length >> 1]! ^= 0xff;
  }

  cut(name: string, bytes: number): void {
    this.objects.set(name, this.objects.get(name)!.subarray(0, bytes));
  }
}
