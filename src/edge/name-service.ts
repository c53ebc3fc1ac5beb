import { setServers } from "node:dns";
import { readFileSync, statSync } from "node:fs";
import type { LookupResult } from "../core/name-answer.ts";
import { isRefusal, lookupResultOf } from "../core/name-error.ts";
import { nameServersOf } from "../core/resolv-conf.ts";
import { Turns } from "./turns.ts";

/** Asks for one name. Never rejects; after `signal` has been aborted nobody waits for it any more. */
export type AskForName = (host: string, signal: AbortSignal) => Promise<LookupResult>;

export type Backend = "c-ares" | "system";

export interface LookUp {
  readonly result: LookupResult;
  /** Nobody could be asked this way. */
  readonly isRefused: boolean;
}

/** Never rejects. */
export type LookUpBy = (host: string, backend: Backend) => Promise<LookUp>;

/**
 * getaddrinfo holds a thread for every name whose server does not answer, and there are as few threads as processors:
 * two such names, and no other is looked up. c-ares (which reads /etc/hosts and the search domains too) waits for any
 * number of them at once. The system of macOS does so itself, and knows more name servers than resolv.conf does.
 */
const BACKEND: Backend = process.platform === "darwin" ? "system" : "c-ares";

const RESOLV_CONF = "/etc/resolv.conf";
/** What may wait for the system. Whoever waits longer than the caller wants to is dropped when it is its turn. */
const WAITING_FOR_SYSTEM_MAX = 1000;

/** The name servers of this machine. There is one set of them in a process, and so there should be one of these. */
export class NameService {
  /** One at a time, because it may hold a thread: the others are for the rest of the program. */
  readonly #system = new Turns([1], WAITING_FOR_SYSTEM_MAX);
  #version: string | null;

  constructor(
    private readonly lookUpBy: LookUpBy = lookUp,
    private readonly backend: Backend = BACKEND,
    private readonly resolvConf = RESOLV_CONF,
  ) {
    this.#version = versionOf(resolvConf);
  }

  readonly ask: AskForName = async (host, signal) => {
    if (this.backend === "c-ares") this.#follow();
    const { result, isRefused } = await this.lookUpBy(host, this.backend);
    return isRefused && this.backend !== "system" ? this.#askSystem(host, signal) : result;
  };

  /**
   * c-ares reads resolv.conf once, but machines change networks. Its name servers are followed; its search domains and
   * options count as they were at the start.
   */
  #follow(): void {
    try {
      const version = versionOf(this.resolvConf);
      if (version === null || version === this.#version) return;
      this.#version = version;
      const servers = nameServersOf(readFileSync(this.resolvConf, "utf8"));
      if (servers.length > 0) setServers(servers);
    } catch {
      // It cannot be read, or was replaced a moment ago: what was known goes on, and the next change is seen.
    }
  }

  /**
   * Where resolv.conf is empty or lists a server that refuses us, the system may know the way all the same (as
   * systemd-resolved does through nsswitch.conf).
   */
  async #askSystem(host: string, signal: AbortSignal): Promise<LookupResult> {
    if (!(await this.#system.take(0))) return { kind: "unanswered" };
    try {
      return signal.aborted ? { kind: "unanswered" } : (await this.lookUpBy(host, "system")).result;
    } finally {
      this.#system.leave(0);
    }
  }
}

/** Changes whenever the file does; null when there is none. */
function versionOf(file: string): string | null {
  try {
    const { mtimeMs, ino, size } = statSync(file);
    return `${mtimeMs} ${ino} ${size}`;
  } catch {
    return null;
  }
}

export async function lookUp(host: string, backend: Backend): Promise<LookUp> {
  try {
    const found = await Bun.dns.lookup(host, { backend });
    // IPv4 first: a machine without IPv6 is told of IPv6 addresses all the same.
    const addresses = found.toSorted((a, b) => a.family - b.family).map(({ address }) => address);
    return { result: { kind: "found", addresses }, isRefused: false };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return { result: lookupResultOf(code), isRefused: isRefusal(code) };
  }
}
