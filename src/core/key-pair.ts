/** A certificate and the private key that belongs to it, as PEM. */
export interface KeyPair {
  /** The certificate of the server, followed by the intermediate certificates. */
  readonly cert: string;
  readonly key: string;
}
