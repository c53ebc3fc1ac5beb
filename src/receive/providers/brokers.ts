import { type BrokerType, prefetchDefault } from "../../core/broker.ts";
import { type ConfigField, type ConfigForm, type Provider, type ProviderRow, publicField, rows } from "../provider.ts";

const PREFETCH = publicField(
  "prefetch",
  `Messages that are taken and not settled yet, ${prefetchDefault} if absent`,
  "prefetch",
  false,
);

/** Certificates of the authority that has issued that of the broker. */
const CA = publicField("ca", "Certificate authority of the broker (PEM), instead of the public ones", "pem", false);

/** How the source identifies itself to brokers that demand a client certificate. */
const CLIENT_CERTIFICATE: readonly ConfigField[] = [
  publicField("certificate", "Client certificate (PEM), followed by its intermediate certificates", "pem", false),
  { name: "key", isRequired: false, isSecret: true, label: "Private key of the client certificate (PEM)", form: "pem" },
];

/** Returns the row of a broker. Its sources have no URL: they take messages from a queue. */
function broker(
  id: BrokerType,
  { name, source, label, form }: { name: string; source: string; label: string; form: ConfigForm },
): ProviderRow {
  return {
    ...{ id, name, source },
    kind: "none",
    scheme: { type: "none" },
    // Requests to SQS are signed with the keys in the URL.
    config: [publicField("url", label, form, true), PREFETCH, CA, ...(id === "sqs" ? [] : CLIENT_CERTIFICATE)],
    methods: [],
    eventType: "header:event-type",
    confidence: "docs",
    state: "unattempted",
  };
}

/** Types of a source that takes messages from a broker. */
export const brokerProviders: readonly Provider[] = rows(
  "queue",
  broker("amqp", {
    name: "RabbitMQ (AMQP)",
    source: "https://www.rabbitmq.com/docs/uri-spec",
    label: "Queue, as amqps://USER:PASSWORD@HOST/VHOST?queue=QUEUE",
    form: "amqp-url",
  }),
  broker("kafka", {
    name: "Apache Kafka",
    source: "https://kafka.apache.org/documentation/#consumerconfigs",
    label: "Topic, as kafka://USER:PASSWORD@HOST/TOPIC",
    form: "kafka-url",
  }),
  broker("nats", {
    name: "NATS JetStream",
    source: "https://docs.nats.io/nats-concepts/jetstream/consumers",
    label: "Subject, as nats://USER:PASSWORD@HOST/SUBJECT",
    form: "nats-url",
  }),
  broker("sqs", {
    name: "Amazon SQS",
    source: "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/",
    label: "Queue, as sqs://KEY_ID:SECRET@REGION/ACCOUNT/QUEUE",
    form: "sqs-url",
  }),
);
