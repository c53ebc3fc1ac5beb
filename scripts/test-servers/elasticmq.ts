/**
 * ElasticMQ, a server with the protocol of Amazon SQS that keeps its messages in a file. Tests start it
 * with Java. Maven fetches it once for a user; where that is not possible, the tests are skipped.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";

const VERSION = "1.7.1";
const FETCH_MS = 240_000;

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>boathook</groupId><artifactId>elasticmq</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.elasticmq</groupId><artifactId>elasticmq-server_2.13</artifactId><version>${VERSION}</version>
  </dependency></dependencies>
</project>`;

/** Returns the directory with the jars of ElasticMQ, or null if they cannot be had. */
export async function elasticMqJars(): Promise<string | null> {
  const jars = join(homedir(), ".cache", "boathook-tests", `elasticmq-${VERSION}`);
  if (Bun.which("java") === null) return null;
  if (existsSync(jars)) return jars;
  if (Bun.which("mvn") === null) return null;
  const work = mkdtempSync(join(tmpdir(), "elasticmq-"));
  try {
    await Bun.write(join(work, "pom.xml"), POM);
    const copy = Bun.spawn(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"], {
      ...{ cwd: work, stdin: "ignore", stdout: "ignore", stderr: "ignore", timeout: FETCH_MS },
    });
    if ((await copy.exited) !== 0) return null;
    mkdirSync(dirname(jars), { recursive: true });
    moveUnlessThere(join(work, "jars"), jars);
    return jars;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Another process may have fetched the same jars. */
function moveUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}
