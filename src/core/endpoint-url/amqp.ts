import { decoded, extraPartProblem, unsupportedByBroker } from "./parts.ts";
import { hostOfUrl, type UrlScheme } from "./scheme.ts";

/** Maximum length of a name in AMQP 0-9-1, in bytes. */
const NAME_BYTES_MAX = 255;
const PARAMS = ["exchange", "routingKey"];

/** What the URL of an AMQP server names. */
export interface AmqpUrl {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly vhost: string;
}

/**
 * `amqps` and `amqp`: messages are published to an exchange of an AMQP 0-9-1 server such as RabbitMQ.
 * The path is the virtual host.
 */
export const amqpScheme: UrlScheme = {
  names: ["amqps", "amqp"],
  hasHost: true,
  problem(url) {
    const problem = amqpUrlProblem(url) ?? extraPartProblem(url, PARAMS);
    if (problem !== null) return problem;
    const { exchange, routingKey } = amqpRoute(url);
    const areShort = isShort(exchange) && isShort(routingKey ?? "");
    return areShort ? null : `An exchange or routing key has at most ${NAME_BYTES_MAX} bytes.`;
  },
  clearTextProblem: ({ protocol }) => (protocol === "amqps:" ? null : "Must be an amqps URL."),
  remoteHost: hostOfUrl,
  unsupported: (endpoint, { protocol }) => unsupportedByBroker(endpoint, protocol === "amqps:", "an amqps URL"),
  isChallenged: false,
};

/** Returns the error in the parts of a URL that name the server, or null. */
export function amqpUrlProblem(url: URL): string | null {
  const { pathname, username, password } = url;
  const vhost = decoded(pathname.slice(1));
  if (vhost === null || decoded(username) === null || decoded(password) === null) {
    return "The URL contains an invalid percent escape.";
  }
  if (pathname.slice(1).includes("/")) return "A `/` in the name of a virtual host is written as `%2F`.";
  return isShort(vhost) ? null : `The name of a virtual host has at most ${NAME_BYTES_MAX} bytes.`;
}

/** Returns the parts of a valid URL that name the server. */
export function amqpUrl({ protocol, port, username, password, pathname }: URL): AmqpUrl {
  // `guest` is the user of a new server, and the default of other clients too.
  const isAnonymous = username === "" && password === "";
  return {
    port: port === "" ? (protocol === "amqps:" ? 5671 : 5672) : Number(port),
    user: isAnonymous ? "guest" : decoded(username)!,
    password: isAnonymous ? "guest" : decoded(password)!,
    vhost: decoded(pathname.slice(1)) || "/",
  };
}

/** Returns where a valid URL routes messages. The routing key is null if it is the event type. */
export function amqpRoute({ searchParams }: URL): { readonly exchange: string; readonly routingKey: string | null } {
  return { exchange: searchParams.get("exchange") ?? "", routingKey: searchParams.get("routingKey") };
}

function isShort(text: string): boolean {
  return Buffer.byteLength(text) <= NAME_BYTES_MAX;
}
