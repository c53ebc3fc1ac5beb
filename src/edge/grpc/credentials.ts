import type { Socket } from "node:net";
import { connect } from "node:tls";
import { CallCredentials, ChannelCredentials } from "@grpc/grpc-js";
import type { ClientTls } from "../../ports.ts";
import { keepDescriptorForLibrary } from "../kept-descriptors.ts";
import { tlsOptions, withoutBrackets } from "../tls-options.ts";

type SecureConnector = ReturnType<ChannelCredentials["_createSecureConnector"]>;

/** Decides how the connections of a channel are encrypted. Tokens are not credentials here, but metadata. */
abstract class OwnCredentials extends ChannelCredentials {
  override compose(): never {
    throw new Error("Tokens are sent as metadata.");
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(): SecureConnector {
    return {
      connect: async (socket) => ({ socket: await this.secured(socket), secure: this._isSecure() }),
      // The library calls this immediately before it connects.
      async waitForReady() {
        keepDescriptorForLibrary();
      },
      getCallCredentials: () => CallCredentials.createEmpty(),
      destroy() {},
    };
  }

  /** Returns a socket that encrypts what is sent over `socket`, if the credentials are secure. */
  protected abstract secured(socket: Socket): Promise<Socket>;
}

/** Leaves the connections of a channel as they are. */
export class PlainCredentials extends OwnCredentials {
  override _isSecure(): boolean {
    return false;
  }

  protected async secured(socket: Socket): Promise<Socket> {
    return socket;
  }
}

/** The beginning of the message of an error in the TLS handshake. */
export const TLS_FAILED = "TLS: ";

/**
 * Encrypts the connections of a channel, and verifies that the receiver is the one that the URL names.
 * The credentials of the library cannot be used, because they send an IP address as the server name,
 * which Bun refuses (1.4.5), and their errors do not say whether TLS has failed.
 */
export class TlsCredentials extends OwnCredentials {
  constructor(
    private readonly hostname: string,
    private readonly tls: ClientTls | null,
  ) {
    super();
  }

  override _isSecure(): boolean {
    return true;
  }

  protected secured(socket: Socket): Promise<Socket> {
    const host = withoutBrackets(this.hostname);
    const options = { socket, host, ALPNProtocols: ["h2"], ...tlsOptions(host, this.tls) };
    return new Promise((resolve, reject) => {
      const secure = connect(options, () => resolve(secure));
      secure.on("error", (error: NodeJS.ErrnoException) =>
        reject(new Error(TLS_FAILED + (error.code ?? error.message))),
      );
    });
  }
}
