import { isKeyPath } from "../payload-path.ts";
import { decoded, extraPartProblem, unsupportedByBroker } from "./parts.ts";
import { hostOfUrl, type UrlScheme } from "./scheme.ts";

/** Parameters that decide where and how a client connects. */
export const kafkaConnectionParams = ["brokers", "tls", "sasl"] as const;
const KEY_BYTES_MAX = 1024;
/** Maximum number of brokers that a URL names, besides its host. */
const BROKERS_MAX = 20;
const PORT = 9092;
/** Names of topics, as Kafka checks them. */
const TOPIC = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/;
/** A host and an optional port. */
const BROKER = /^(?<host>\[[0-9a-fA-F:.]+\]|[^\s:/?#@[\]\\]+)(?::(?<port>\d{1,5}))?$/;
const SASL = ["plain", "scram-sha-256", "scram-sha-512"] as const;

export interface KafkaBroker {
  /** A host name or an IP address. IPv6 addresses have brackets. */
  readonly host: string;
  readonly port: number;
}

/** What the URL of a Kafka cluster names. */
export interface KafkaUrl {
  /** The brokers that are asked for those of the cluster; at least one. */
  readonly brokers: readonly KafkaBroker[];
  /** Null if the URL contains no user. */
  readonly login: {
    readonly mechanism: (typeof SASL)[number];
    readonly user: string;
    readonly password: string;
  } | null;
  readonly isEncrypted: boolean;
  readonly topic: string;
}

/** `kafka`: messages are produced to a topic of Kafka. The path is the topic. */
export const kafkaScheme: UrlScheme = {
  names: ["kafka"],
  hasHost: true,
  problem(url) {
    const problem = kafkaUrlProblem(url) ?? extraPartProblem(url, ["key", ...kafkaConnectionParams]);
    return problem ?? keyProblem(kafkaKey(url));
  },
  clearTextProblem: (url) => (isEncrypted(url) ? null : "Must have `tls=true`."),
  remoteHost: hostOfUrl,
  unsupported: (endpoint, url) => unsupportedByBroker(endpoint, isEncrypted(url), "`tls=true` in the URL"),
  credentialParams: kafkaConnectionParams,
  isChallenged: false,
};

/** Returns the error in the parts of a URL that name the cluster and the topic, or null. */
export function kafkaUrlProblem(url: URL): string | null {
  const { pathname, username, password, searchParams } = url;
  const topic = decoded(pathname.slice(1));
  if (topic === null || decoded(username) === null || decoded(password) === null) {
    return "The URL contains an invalid percent escape.";
  }
  if (!TOPIC.test(topic))
    return "The path of the URL must be a topic: letters, digits, dots, `_` and `-`, at most 249.";
  if (topic.startsWith("__")) return "A topic that begins with `__` belongs to Kafka.";
  if ((username === "") !== (password === "")) return "The URL must have a user and a password, or neither.";
  const tls = searchParams.get("tls") ?? "false";
  if (tls !== "true" && tls !== "false") return "The parameter tls is `true` or `false`.";
  return saslProblem(url) ?? brokersProblem(searchParams.get("brokers"));
}

function saslProblem({ username, searchParams }: URL): string | null {
  const sasl = searchParams.get("sasl");
  if (sasl === null) return null;
  if (username === "") return "The parameter sasl needs a user and a password in the URL.";
  return mechanismOf(sasl) === undefined ? `The parameter sasl is one of: ${SASL.join(", ")}.` : null;
}

function brokersProblem(text: string | null): string | null {
  if (text === null) return null;
  const brokers = text.split(",");
  if (brokers.length > BROKERS_MAX) return `The parameter brokers names at most ${BROKERS_MAX} brokers.`;
  const wrong = brokers.some((broker) => brokerOf(broker) === null);
  return wrong ? "The parameter brokers is a list such as `b.example:9092,c.example:9092`." : null;
}

function keyProblem(key: string | null): string | null {
  if (key === null) return null;
  if (key === "" || Buffer.byteLength(key) > KEY_BYTES_MAX) return `A key has 1 to ${KEY_BYTES_MAX} bytes.`;
  return key.startsWith("$") && !isKeyPath(key)
    ? "A key that begins with `$` is a path such as `$.customer.id`."
    : null;
}

/** Returns the parts of a valid URL that name the cluster and the topic. */
export function kafkaUrl(url: URL): KafkaUrl {
  const { hostname, port, username, password, pathname, searchParams } = url;
  const others = searchParams.get("brokers")?.split(",") ?? [];
  return {
    brokers: [
      { host: hostname, port: port === "" ? PORT : Number(port) },
      ...others.map((broker) => brokerOf(broker)!),
    ],
    login:
      username === ""
        ? null
        : {
            mechanism: mechanismOf(searchParams.get("sasl") ?? "plain")!,
            user: decoded(username)!,
            password: decoded(password)!,
          },
    isEncrypted: isEncrypted(url),
    topic: decoded(pathname.slice(1))!,
  };
}

/** Returns the `key` of a URL: a text, or a path into the payload that begins with `$`. Null if absent. */
export function kafkaKey({ searchParams }: URL): string | null {
  return searchParams.get("key");
}

/** Returns the broker that a text such as `b.example:9092` names, with a normalized host, or null. */
function brokerOf(text: string): KafkaBroker | null {
  const { host, port } = BROKER.exec(text)?.groups ?? {};
  const normal = host === undefined ? undefined : URL.parse(`http://${host}/`)?.hostname;
  const number = port === undefined ? PORT : Number(port);
  return normal === undefined || normal === "" || number < 1 || number > 65535 ? null : { host: normal, port: number };
}

function mechanismOf(sasl: string): (typeof SASL)[number] | undefined {
  return SASL.find((mechanism) => mechanism === sasl);
}

function isEncrypted({ searchParams }: URL): boolean {
  return searchParams.get("tls") === "true";
}
