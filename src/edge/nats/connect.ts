import type { NatsConnection } from "@nats-io/transport-node";
import { type NatsUrl, natsUrl } from "../../core/endpoint-url/nats.ts";
import type { BrokerConnector } from "../broker/open.ts";
import { type BrokerAddresses, type BrokerPlace, brokerTls, serverNameOf } from "../broker/place.ts";
import { natsReplyOf } from "./reply.ts";
import { connectLimited } from "./transport.ts";

/** A server that responds to none of two pings counts as gone. */
const PING_MS = 10_000;
const PINGS_MAX = 2;

/** Returns how to connect to the server of a URL, and a key that is equal for equal connections. */
export function natsConnector({
  url,
  addresses,
  tls,
}: BrokerAddresses): BrokerConnector<NatsConnection> & { readonly key: string } {
  const login = natsUrl(url);
  const serverName = serverNameOf(url, login.isEncrypted);
  return {
    key: JSON.stringify([addresses, serverName, login, tls?.id ?? null]),
    addresses,
    port: login.port,
    open: (address, timeoutMs) => connectTo(login, { address, serverName, tls }, timeoutMs),
    replyOf: natsReplyOf,
    discard: (client) => void client.close(),
  };
}

/** Connects and logs in. The connection is never reopened, and uses no other servers of the cluster. */
function connectTo({ port, login }: NatsUrl, place: BrokerPlace, timeoutMs: number): Promise<NatsConnection> {
  const { address } = place;
  return connectLimited({
    servers: [address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`],
    ...{ timeout: timeoutMs, name: "boathook", pingInterval: PING_MS, maxPingOut: PINGS_MAX },
    ...{ reconnect: false, ignoreClusterUpdates: true, resolve: false, noAsyncTraces: true },
    // Null forbids TLS, which the client would otherwise begin if the server offers it.
    tls: brokerTls(place),
    ...(login !== null && ("token" in login ? { token: login.token } : { user: login.user, pass: login.password })),
  });
}
