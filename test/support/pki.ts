import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Certificate } from "./certificate.ts";

export const hasOpenssl = Bun.which("openssl") !== null;

/** A private certificate authority, made with the program `openssl`. */
export class Authority {
  /** The certificate of the authority, as PEM. */
  readonly ca: string;
  readonly #dir = mkdtempSync(join(tmpdir(), "boathook-pki-"));

  constructor(name = "Test CA") {
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    this.#openssl(
      "req",
      "-x509",
      ...newKey,
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
      "-days",
      "30",
      "-subj",
      `/CN=${name}`,
    );
    this.ca = this.#read("ca.pem");
  }

  /** Issues a certificate for servers and clients with this name, which may be an IPv4 address. */
  issue(name: string): Certificate {
    const alternative = /^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`;
    writeFileSync(join(this.#dir, "ext"), `subjectAltName=${alternative}\n`);
    this.#openssl(
      "req",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      "new.key",
      "-out",
      "new.csr",
      "-subj",
      `/CN=${name}`,
    );
    const by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "ext"];
    this.#openssl("x509", "-req", "-in", "new.csr", ...by, "-days", "10", "-out", "new.pem");
    return { cert: this.#read("new.pem"), key: this.#read("new.key") };
  }

  /** Returns the key encrypted with a passphrase, in the form of PKCS 8 or the traditional one. */
  encrypted(key: string, form: "pkcs8" | "traditional"): string {
    writeFileSync(join(this.#dir, "plain.key"), key);
    const options = ["-aes128", "-passout", "pass:word", ...(form === "traditional" ? ["-traditional"] : [])];
    this.#openssl("rsa", "-in", "plain.key", ...options, "-out", "encrypted.key");
    return this.#read("encrypted.key");
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #read(name: string): string {
    return readFileSync(join(this.#dir, name), "utf8");
  }

  #openssl(...args: string[]): void {
    const { exitCode, stderr } = Bun.spawnSync(["openssl", ...args], { cwd: this.#dir, stderr: "pipe" });
    if (exitCode !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
  }
}
