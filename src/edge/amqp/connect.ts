import { type ChannelModel, connect } from "amqplib";
import { type AmqpUrl, amqpUrl } from "../../core/endpoint-url/amqp.ts";
import type { BrokerConnector } from "../broker/open.ts";
import { type BrokerAddresses, type BrokerPlace, brokerTls, serverNameOf } from "../broker/place.ts";
import { withKeptDescriptorSoon } from "../kept-descriptors.ts";
import { FRAME_BYTES_MAX } from "./content-limit.ts";
import { amqpReplyOf } from "./reply.ts";

/** A server that sends nothing for twice this time counts as gone. */
const HEARTBEAT_SECONDS = 10;

/** Returns how to connect to the server of a URL, and a key that is equal for equal connections. */
export function amqpConnector({
  url,
  addresses,
  tls,
}: BrokerAddresses): BrokerConnector<ChannelModel> & { readonly key: string } {
  const login = amqpUrl(url);
  const serverName = serverNameOf(url, url.protocol === "amqps:");
  return {
    key: JSON.stringify([addresses, serverName, login, tls?.id ?? null]),
    addresses,
    port: login.port,
    open: (address, timeoutMs) => connectTo(login, { address, serverName, tls }, timeoutMs),
    replyOf: amqpReplyOf,
    discard: destroyAmqp,
  };
}

/**
 * Connects and logs in. `timeoutMs` limits the wait for each response. The caller must listen to the
 * event `error`.
 */
function connectTo(login: AmqpUrl, place: BrokerPlace, timeoutMs: number): Promise<ChannelModel> {
  const { port, user, password, vhost } = login;
  const url = {
    protocol: place.serverName === null ? "amqp" : "amqps",
    ...{ hostname: place.address, port, username: user, password },
    vhost: encodeURIComponent(vhost),
    heartbeat: HEARTBEAT_SECONDS,
    maxFrameSize: FRAME_BYTES_MAX,
  };
  return withKeptDescriptorSoon(() => connect(url, { noDelay: true, timeout: timeoutMs, ...brokerTls(place) }));
}

/** Ends a connection at once. The client has no function for this: its own waits for the server. */
export function destroyAmqp(model: ChannelModel): void {
  const { stream } = model.connection as unknown as { readonly stream: { destroy(): void } };
  stream.destroy();
}
