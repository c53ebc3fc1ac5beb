import { connectAddressesMax, connectOrder, connectShareMs } from "../../core/connect-order.ts";
import { orAborted } from "../connection-sharing.ts";
import { connectionFailure, failure, NoConnection, type ReportingBroker } from "./failure.ts";

/** Time limit for connecting and the login, in ms. */
const OPEN_MS_MAX = 10_000;

/** How to connect to a broker. Its `addresses` have passed the address policy. */
export interface BrokerConnector<Connection> extends ReportingBroker {
  /** Connects to one address and logs in. */
  open(address: string, timeoutMs: number): Promise<Connection>;
  /** Ends a connection that was opened too late. */
  discard(connection: Connection): void;
}

/**
 * Opens a connection to the first address of a broker that can be reached. Rejects with a
 * `NoConnection`, also soon after `signal` aborts.
 */
export async function openFirst<Connection>(
  connector: BrokerConnector<Connection>,
  signal: AbortSignal,
): Promise<Connection> {
  const addresses = inOrder(connector.addresses);
  const shareMs = connectShareMs(OPEN_MS_MAX, addresses.length);
  let reason = failure("timeout", "The broker did not accept a connection in time.");
  for (const [i, address] of addresses.entries()) {
    if (signal.aborted) throw new NoConnection(reason);
    const connecting = connector.open(address, i === addresses.length - 1 ? OPEN_MS_MAX : shareMs);
    try {
      return await orAborted(connecting, signal);
    } catch (error) {
      // The connection may be opened after all.
      if (signal.aborted) connecting.then(connector.discard, () => {});
      const reply = connector.replyOf(error);
      if (reply !== null) throw new NoConnection(reply);
      if (signal.aborted) continue;
      const found = connectionFailure(error, address, connector.port);
      if (found.kind === "shortage") throw new NoConnection(found);
      reason = found;
    }
  }
  throw new NoConnection(reason);
}

function inOrder(addresses: readonly string[]): string[] {
  const isIpv6 = (address: string) => address.includes(":");
  const ipv4 = addresses.filter((address) => !isIpv6(address));
  return connectOrder(ipv4, addresses.filter(isIpv6), 0).slice(0, connectAddressesMax);
}
