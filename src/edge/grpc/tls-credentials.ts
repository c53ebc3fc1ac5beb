import type { Socket } from "node:net";
import { isIP } from "node:net";
import { connect } from "node:tls";
import { CallCredentials, ChannelCredentials } from "@grpc/grpc-js";
import type { ClientTls } from "../../ports.ts";

/** The beginning of the message of an error in the TLS handshake. */
export const TLS_FAILED = "TLS: ";

type SecureConnector = ReturnType<ChannelCredentials["_createSecureConnector"]>;

/**
 * Encrypts the connections of a channel, and verifies that the receiver is the one that the URL names.
 * The credentials of the library cannot be used, because they send an IP address as the server name,
 * which Bun refuses (1.4.5), and their errors do not say whether TLS has failed.
 */
export class TlsCredentials extends ChannelCredentials {
  constructor(
    private readonly hostname: string,
    private readonly tls: ClientTls | null,
  ) {
    super();
  }

  override compose(): never {
    throw new Error("Tokens are sent as metadata.");
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(): SecureConnector {
    return {
      connect: async (socket) => ({ socket: await this.#encrypted(socket), secure: true }),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => CallCredentials.createEmpty(),
      destroy() {},
    };
  }

  #encrypted(socket: Socket): Promise<Socket> {
    const host = this.hostname.replace(/^\[|\]$/g, "");
    const { ca = null, identity = null } = this.tls ?? {};
    return new Promise((resolve, reject) => {
      const secure = connect(
        {
          socket,
          host,
          ALPNProtocols: ["h2"],
          rejectUnauthorized: true,
          ...(isIP(host) === 0 && { servername: host }),
          ...(ca !== null && { ca }),
          ...(identity !== null && { cert: identity.certificate, key: identity.key }),
        },
        () => resolve(secure),
      );
      secure.on("error", (error: NodeJS.ErrnoException) =>
        reject(new Error(TLS_FAILED + (error.code ?? error.message))),
      );
    });
  }
}
