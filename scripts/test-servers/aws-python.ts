/**
 * Python with moto, a server that imitates services of AWS and checks the signatures of requests, and
 * with the packages of the examples in the guide. It is installed once for a user from PyPI; where that
 * is not possible, the tests are skipped.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

const PACKAGES = ["moto[awslambda,iam,server,sqs]==5.2.5", "boto3==1.44.8", "standardwebhooks==1.1.0"];
const HOME = join(homedir(), ".cache", "boathook-tests", "aws-python-1");
const INSTALL_MS = 300_000;

async function succeeds(...command: string[]): Promise<boolean> {
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "ignore", timeout: INSTALL_MS });
  return (await child.exited) === 0;
}

/** Returns the Python with the packages, or null if they cannot be had. */
export async function awsPython(): Promise<string | null> {
  const python = join(HOME, "bin", "python");
  // The mark is made last, so an interrupted installation begins again.
  const mark = join(HOME, "complete");
  if (existsSync(mark)) return python;
  if (Bun.which("python3") === null) return null;
  rmSync(HOME, { recursive: true, force: true });
  mkdirSync(dirname(HOME), { recursive: true });
  const isInstalled =
    (await succeeds("python3", "-m", "venv", HOME)) &&
    (await succeeds(python, "-m", "pip", "install", "-q", ...PACKAGES));
  if (!isInstalled) return null;
  await Bun.write(mark, "");
  return python;
}
