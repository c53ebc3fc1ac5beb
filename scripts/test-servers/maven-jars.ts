import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { keepUnlessThere, keptDirectory } from "./kept.ts";

const FETCH_MS = 240_000;

/** An artifact of Maven, with all that it depends on. */
export interface Artifact {
  readonly group: string;
  readonly name: string;
  readonly version: string;
}

/**
 * Returns the directory with the jars of a server that tests start with Java. Maven fetches them once for a
 * user. Null if they cannot be had.
 */
export async function mavenJars(artifact: Artifact): Promise<string | null> {
  const jars = keptDirectory(`${artifact.name}-${artifact.version}`);
  if (Bun.which("java") === null) return null;
  if (existsSync(jars)) return jars;
  if (Bun.which("mvn") === null) return null;
  // In the file system of the result, because it is renamed to it.
  const work = mkdtempSync(`${jars}-`);
  try {
    await Bun.write(join(work, "pom.xml"), pom(artifact));
    const copy = Bun.spawn(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"], {
      ...{ cwd: work, stdin: "ignore", stdout: "ignore", stderr: "ignore", timeout: FETCH_MS },
    });
    if ((await copy.exited) !== 0) return null;
    keepUnlessThere(join(work, "jars"), jars);
    return jars;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function pom({ group, name, version }: Artifact): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>boathook</groupId><artifactId>test-server</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version>
  </dependency></dependencies>
</project>`;
}
