import { mavenJars } from "./maven-jars.ts";

/** Returns the directory with the jars of Kafka, or null if they cannot be had. */
export function kafkaJars(): Promise<string | null> {
  return mavenJars({ group: "org.apache.kafka", name: "kafka_2.13", version: "4.3.1" });
}

/** The options of Java for a small broker that starts fast and writes no files of its own. */
const JAVA = ["java", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dkafka.logs.dir=."];

/** Returns the command that prepares the data directory of a broker, with users of SCRAM. */
export function kafkaFormat(jars: string, properties: string, users: Readonly<Record<string, string>>): string[] {
  const scram = Object.entries(users).flatMap(([name, password]) =>
    ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((mechanism) => [
      "--add-scram",
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  );
  const id = "Ym9hdGhvb2stdGVzdHMtMQ";
  return [...JAVA, "-cp", `${jars}/*`, "kafka.tools.StorageTool", "format", "-t", id, "-c", properties, ...scram];
}

/** Returns the command that runs a broker. */
export function kafkaServer(jars: string, properties: string): string[] {
  return [...JAVA, "-cp", `${jars}/*`, "kafka.Kafka", properties];
}
