import { setServers } from "node:dns";
import { readFileSync, statSync } from "node:fs";
import type { LookupResult } from "../core/name-answer.ts";
import { isRefusal, isSilence, isUnreached, lookupResultOf } from "../core/name-error.ts";
import { nameServersOf } from "../core/resolv-conf.ts";
import { noNameServer, shortageOf } from "../core/shortage.ts";
import { socketError } from "./connect-error.ts";
import { withKeptDescriptor } from "./kept-descriptors.ts";
import { NameServerProbe } from "./name-server-probe.ts";
import { PrioritySemaphore } from "./priority-semaphore.ts";

/**
 * Looks up one name. Never rejects. If `signal` aborts, the caller no longer waits for the result.
 */
export type AskName = (host: string, signal: AbortSignal) => Promise<LookupResult>;

export type Backend = "c-ares" | "system";

export interface LookupReply {
  readonly result: LookupResult;
  /** Whether the name servers could not be reached or refused the query. */
  readonly isRefused: boolean;
  /**
   * If there was no response, the reason: no packet reached a name server, or none responded in
   * time.
   */
  readonly silence?: "unreached" | "timeout";
}

/** Looks up a name with one backend. Never rejects. */
export type LookUpFunction = (host: string, backend: Backend) => Promise<LookupReply>;

/**
 * The backend for lookups. getaddrinfo blocks a thread for every name whose server does not
 * respond, and there are only as many threads as processors. On a machine with two processors, two
 * such names would block all other lookups. The c-ares resolver can wait for any number of names,
 * and also reads /etc/hosts and the search domains. The macOS resolver can wait too, and also uses
 * name servers that resolv.conf does not list.
 */
const BACKEND: Backend = process.platform === "darwin" ? "system" : "c-ares";

const RESOLV_CONF = "/etc/resolv.conf";
/**
 * Maximum number of waiters for the system resolver. A waiter whose caller has aborted is skipped
 * when its turn comes.
 */
const WAITING_FOR_SYSTEM_MAX = 1000;

/**
 * Looks up names with this machine's name servers, or with those that the operator has set. The
 * resolver's settings are global to the process, so create only one instance.
 */
export class NameService {
  /**
   * Limits system lookups to one at a time, because each may block a thread that the rest of the
   * program needs.
   */
  readonly #system = new PrioritySemaphore([1], WAITING_FOR_SYSTEM_MAX);
  readonly #probe = new NameServerProbe(async (host) => {
    const { silence } = await this.lookUpBy(host, this.backend);
    return silence === undefined;
  });
  #version: string | null;

  constructor(
    private readonly lookUpBy: LookUpFunction = lookUp,
    private readonly backend: Backend = BACKEND,
    private readonly resolvConf = RESOLV_CONF,
    /** If true, names are never looked up with this machine's resolver or name servers. */
    private readonly hasFixedServers = false,
  ) {
    this.#version = versionOf(resolvConf);
  }

  /** Returns a service that queries only these name servers, on every platform. */
  static withServers(servers: readonly string[], lookUpBy: LookUpFunction = lookUp): NameService {
    setServers(servers);
    return new NameService(lookUpBy, "c-ares", RESOLV_CONF, true);
  }

  readonly ask: AskName = async (host, signal) => {
    if (this.backend === "c-ares" && !this.hasFixedServers) this.#reloadServers();
    const lookupEnded = this.#probe.lookupBegan();
    const reply = await this.lookUpBy(host, this.backend);
    lookupEnded();
    const asksSystem = reply.isRefused && this.backend !== "system" && !this.hasFixedServers;
    const result = asksSystem ? await this.#askSystem(host, signal) : reply.result;
    if (result.kind === "found") return result;
    // Without a free descriptor, a lookup may even report that the name does not exist.
    const shortage = shortageOf(socketError() ?? "");
    if (shortage !== null) return { kind: "unreachable", shortage };
    const isUnreachable = result.kind === "unanswered" && this.#isUnreachable(reply);
    return isUnreachable ? { kind: "unreachable", shortage: noNameServer } : result;
  };

  /**
   * Returns whether no name server responds to any query. If so, the name is not the reason why a
   * lookup hangs.
   */
  readonly isSilent = (): boolean => this.#probe.isSilent;

  #isUnreachable({ silence }: LookupReply): boolean {
    return silence === "unreached" || (silence === "timeout" && this.#probe.isSilent);
  }

  /**
   * Applies changes of resolv.conf, because machines change networks and c-ares reads the file only
   * once. Only the name servers are updated; search domains and options stay as they were at the
   * start.
   */
  #reloadServers(): void {
    try {
      const version = versionOf(this.resolvConf);
      if (version === null || version === this.#version) return;
      this.#version = version;
      const servers = nameServersOf(readFileSync(this.resolvConf, "utf8"));
      if (servers.length > 0) setServers(servers);
    } catch {
      // The file cannot be read or is being replaced. The known servers are kept; the next change
      // will be detected.
    }
  }

  /**
   * Queries the system resolver. If resolv.conf is empty or lists a server that refuses queries,
   * the system may still resolve names, for example with systemd-resolved through nsswitch.conf.
   */
  async #askSystem(host: string, signal: AbortSignal): Promise<LookupResult> {
    if (!(await this.#system.acquire(0))) return { kind: "unanswered" };
    try {
      return signal.aborted ? { kind: "unanswered" } : (await this.lookUpBy(host, "system")).result;
    } finally {
      this.#system.release(0);
    }
  }
}

/** Returns a value that changes whenever the file changes, or null if the file does not exist. */
function versionOf(file: string): string | null {
  try {
    const { mtimeMs, ino, size } = statSync(file);
    return `${mtimeMs} ${ino} ${size}`;
  } catch {
    return null;
  }
}

export async function lookUp(host: string, backend: Backend): Promise<LookupReply> {
  try {
    const found = await withKeptDescriptor(() => Bun.dns.lookup(host, { backend }));
    // IPv4 addresses come first, because lookups return IPv6 addresses even on a machine without
    // IPv6.
    const addresses = found.toSorted((a, b) => a.family - b.family).map(({ address }) => address);
    return { result: { kind: "found", addresses }, isRefused: false };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const silence = isUnreached(code) ? "unreached" : isSilence(code) ? "timeout" : null;
    return { result: lookupResultOf(code), isRefused: isRefusal(code), ...(silence && { silence }) };
  }
}
