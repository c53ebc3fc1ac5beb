import { OneLife } from "../../core/service.ts";
import type { Answer, GrpcRequest, ProtocolClient, Shortage } from "../../ports.ts";
import { SharedConnections } from "../connection-sharing.ts";
import { GrpcChannel, timedOut } from "./channel.ts";
import { silenceLibrary } from "./quiet.ts";
import { unreached } from "./unreached.ts";

/** Calls `boathook.v1.Receiver/Deliver`. A channel is shared by all calls to the same addresses. */
export class GrpcClient extends OneLife implements ProtocolClient<GrpcRequest> {
  readonly #channels = new SharedConnections<GrpcChannel>();

  async send(request: GrpcRequest, signal: AbortSignal): Promise<Answer | Shortage> {
    let answer: Answer | Shortage | null = null;
    for (const addresses of byFamily(request.addresses)) {
      if (signal.aborted) return timedOut(request);
      const key = JSON.stringify([request.url.protocol, request.url.host, addresses, request.tls?.id ?? null]);
      const open = async () => new GrpcChannel(request.url, addresses, request.tls);
      const result = await this.#channels
        .use(key, open, signal, (channel) => channel.call(request, signal))
        .catch((error: unknown) => (signal.aborted ? timedOut(request) : Promise.reject(error)));
      if (!("unreached" in result)) return result;
      // Nothing was sent, so another address can be tried.
      answer = unreached(result.unreached, request.url, addresses);
    }
    return answer ?? timedOut(request);
  }

  protected begin(): Promise<void> {
    silenceLibrary();
    return this.#channels.start();
  }

  protected end(): Promise<void> {
    return this.#channels.stop();
  }
}

/** Returns the addresses in groups of one family, because a channel has addresses of one. */
function byFamily(addresses: readonly string[]): string[][] {
  const isIpv6 = (address: string) => address.includes(":");
  const first = addresses.filter((address) => isIpv6(address) === isIpv6(addresses[0]!));
  const others = addresses.filter((address) => isIpv6(address) !== isIpv6(addresses[0]!));
  return [first, others].filter((group) => group.length > 0);
}
