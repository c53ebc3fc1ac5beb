import { mavenJars } from "./maven-jars.ts";

/**
 * Returns the directory with the jars of ElasticMQ, a server with the protocol of Amazon SQS that keeps its
 * messages in a file, or null if they cannot be had.
 */
export function elasticMqJars(): Promise<string | null> {
  return mavenJars({ group: "org.elasticmq", name: "elasticmq-server_2.13", version: "1.7.1" });
}
