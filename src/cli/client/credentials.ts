import { randomUUID } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { CommandFailed } from "../exit-code.ts";

/** The token that `boathook login` has stored, and the only server to which it may be sent. */
export interface Credentials {
  /** In the form of `serverName`. */
  readonly server: string;
  readonly token: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the path of the file with the credentials of this user. */
export function credentialsFile(environment: Environment = process.env, platform = process.platform): string {
  return join(configDirectory(environment, platform), "boathook", "credentials.json");
}

function configDirectory({ XDG_CONFIG_HOME, APPDATA }: Environment, platform: NodeJS.Platform): string {
  // The XDG specification says that relative paths are ignored.
  if (XDG_CONFIG_HOME?.startsWith("/")) return XDG_CONFIG_HOME;
  if (platform === "win32") return APPDATA ?? join(homedir(), "AppData", "Roaming");
  return platform === "darwin" ? join(homedir(), "Library", "Application Support") : join(homedir(), ".config");
}

/** Returns the stored credentials, or null if there are none. Throws `CommandFailed` if the file is invalid. */
export function readCredentials(file = credentialsFile()): Credentials | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new CommandFailed(`The credentials in ${file} cannot be read (${(error as Error).message}).`);
  }
  const { server, token } = parsed(text);
  if (typeof server === "string" && typeof token === "string") return { server, token };
  throw new CommandFailed(`The file ${file} does not contain credentials. Log in again with \`boathook login\`.`);
}

function parsed(text: string): { readonly server?: unknown; readonly token?: unknown } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Replaces the stored credentials. Only this user can read them. */
export function writeCredentials(credentials: Credentials, file = credentialsFile()): void {
  const directory = dirname(file);
  const draft = join(directory, `.credentials-${randomUUID()}`);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // Another program may have made the directory, with other permissions.
    chmodSync(directory, 0o700);
    writeFileSync(draft, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600, flag: "wx" });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new CommandFailed(`The credentials cannot be stored in ${file} (${(error as Error).message}).`);
  }
}

/** Removes the stored credentials. Returns false if there were none. */
export function removeCredentials(file = credentialsFile()): boolean {
  try {
    rmSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw new CommandFailed(`The credentials in ${file} cannot be removed (${(error as Error).message}).`);
  }
}
