import type { Shortage, ShortResource } from "../ports.ts";
import { attemptsMax } from "./concurrency.ts";

/** Rules for resources of this machine that deliveries need and that may run out. */

export const shortResources = [
  "open-files",
  "local-ports",
  "memory",
  "network",
  "name-servers",
  "sandbox",
] as const satisfies readonly ShortResource[];

/** The missing resource, by error code. */
const RESOURCES: ReadonlyMap<string, ShortResource> = new Map(
  Object.entries<ShortResource>({
    EMFILE: "open-files",
    ENFILE: "open-files",
    EADDRNOTAVAIL: "local-ports",
    EAGAIN: "local-ports",
    ENOBUFS: "memory",
    ENOMEM: "memory",
    ENETDOWN: "network",
    ENETUNREACH: "network",
  }),
);

const DETAILS: Readonly<Record<ShortResource, string>> = {
  "open-files": "No file descriptor is left. Raise the limit of open files or lower delivery-concurrency.",
  "local-ports": "No local port is left. Widen the range of local ports or lower delivery-concurrency.",
  memory: "The system has no memory left for connections. Free some memory.",
  network: "This machine has no network. Check its network interfaces.",
  "name-servers": "No name server responds. Check the network and the name servers (name-servers or resolv.conf).",
  sandbox:
    "Too many transformations or functions are waiting. Raise sandbox-workers, or disable the endpoints whose code takes long.",
};

/** Converts an error code to a shortage. Returns null for codes that do not indicate a shortage. */
export function shortageOf(code: string): Shortage | null {
  const resource = RESOURCES.get(code);
  return resource === undefined ? null : { kind: "shortage", resource, detail: `${DETAILS[resource]} (${code})` };
}

export const noNameServer: Shortage = {
  kind: "shortage",
  resource: "name-servers",
  detail: DETAILS["name-servers"],
};

export const noSandboxThread: Shortage = { kind: "shortage", resource: "sandbox", detail: DETAILS.sandbox };

const REST_MS_MIN = 250;
const REST_MS_MAX = 5000;

/**
 * Returns how long a lane rests after a prevented attempt, in ms. `before` is the number of
 * consecutive prevented attempts before this one.
 */
export function restAfterShortageMs(before: number): number {
  return Math.min(REST_MS_MIN * 2 ** before, REST_MS_MAX);
}

/**
 * Number of open files needed for everything except attempts: clients, the store and idle
 * connections.
 */
const OTHER_FILES = 512;

/** Returns a warning if the limit of open files is too low for the attempts, otherwise null. */
export function openFilesProblem(filesMax: number, deliveryConcurrency: number): string | null {
  const needed = attemptsMax(deliveryConcurrency) + OTHER_FILES;
  if (filesMax >= needed) return null;
  return `The limit of open files is ${filesMax}, but delivery-concurrency ${deliveryConcurrency} needs ${needed}. Raise the limit (ulimit -n, or LimitNOFILE in systemd).`;
}
