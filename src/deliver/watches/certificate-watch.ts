import { certificateRenewalMs } from "../../core/attention-rules.ts";
import type { SourceCertificates } from "../../core/broker.ts";
import { certificatesEndAt } from "../../core/pem.ts";
import type { Signals } from "../../core/signal.ts";
import type { Clock } from "../../ports.ts";
import type { EndpointCertificates, Survey } from "../../store/index.ts";

/** Lifetime of a reading if no endpoint changes, in ms. */
const REUSE_MS = 3_600_000;
/** Pause after a reading as a multiple of its duration, so that reading takes at most about 5 % of the time. */
const PAUSE_FACTOR = 20;
const EXPIRING_MAX = 1000;

/** An endpoint with a certificate that ends soon or has ended. */
export interface ExpiringCertificate extends Omit<EndpointCertificates, "client" | "cas"> {
  readonly kind: "client" | "ca";
  readonly endsAt: number;
}

interface EndpointReading {
  /** The earliest ends of all client certificates and of all certificates to trust; null if there are none. */
  readonly client: number | null;
  readonly ca: number | null;
  /** At most 1,000 endpoints, each once, the earliest end first. */
  readonly expiring: readonly ExpiringCertificate[];
}

/** The earliest ends also count those of sources. */
export interface CertificateReading extends EndpointReading {
  readonly sources: readonly SourceCertificates[];
}

/** Knows when the certificates of endpoints and sources end. Reads them only when it is asked. */
export class CertificateWatch {
  #reading: Promise<EndpointReading> | null = null;
  #isChanged = false;
  /** By the steady clock. */
  #endedAt = 0;
  #pauseMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly store: { readonly survey: Pick<Survey, "certificates"> },
    signals: Signals,
    private readonly sources: () => readonly SourceCertificates[],
  ) {
    signals.invalidate(["endpoint.changed", "store.changed"], () => {
      this.#isChanged = true;
    });
  }

  async current(): Promise<CertificateReading> {
    const { client, ca, expiring } = await this.#endpoints();
    const sources = this.sources();
    return {
      client: earliestEnd([client, ...sources.map((source) => source.client)]),
      ca: earliestEnd([ca, ...sources.map((source) => source.ca)]),
      ...{ expiring, sources },
    };
  }

  /** Returns what was read last, or reads again if that is old or an endpoint has changed since. */
  #endpoints(): Promise<EndpointReading> {
    const ageMs = this.clock.steady() - this.#endedAt;
    const isOld = ageMs >= REUSE_MS || (this.#isChanged && ageMs >= this.#pauseMs);
    if (this.#reading !== null && !isOld) return this.#reading;
    this.#isChanged = false;
    this.#endedAt = Number.POSITIVE_INFINITY;
    const startedAt = this.clock.steady();
    const ended = () => {
      this.#endedAt = this.clock.steady();
      this.#pauseMs = (this.#endedAt - startedAt) * PAUSE_FACTOR;
    };
    this.#reading = this.#read();
    this.#reading.then(ended, () => {
      ended();
      this.#reading = null;
    });
    return this.#reading;
  }

  async #read(): Promise<EndpointReading> {
    const soon = this.clock.now() + certificateRenewalMs + REUSE_MS;
    const ends = { client: Number.POSITIVE_INFINITY, ca: Number.POSITIVE_INFINITY };
    let expiring: ExpiringCertificate[] = [];
    for (let after: number | null = 0; after !== null; ) {
      const { found, next }: Awaited<ReturnType<Survey["certificates"]>> = await this.store.survey.certificates(after);
      for (const { client, cas, ...endpoint } of found) {
        const clientEnd = endOf(client === null ? [] : [client]);
        const caEnd = endOf(cas);
        ends.client = Math.min(ends.client, clientEnd);
        ends.ca = Math.min(ends.ca, caEnd);
        const endsAt = Math.min(clientEnd, caEnd);
        if (endsAt < soon) expiring.push({ ...endpoint, kind: clientEnd <= caEnd ? "client" : "ca", endsAt });
      }
      if (expiring.length > EXPIRING_MAX) expiring = earliest(expiring);
      after = next;
    }
    const known = (end: number) => (Number.isFinite(end) ? end : null);
    return { client: known(ends.client), ca: known(ends.ca), expiring: earliest(expiring) };
  }
}

function earliest(expiring: readonly ExpiringCertificate[]): ExpiringCertificate[] {
  return expiring.toSorted((one, other) => one.endsAt - other.endsAt).slice(0, EXPIRING_MAX);
}

function earliestEnd(ends: readonly (number | null)[]): number | null {
  const known = ends.filter((end) => end !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function endOf(texts: readonly string[]): number {
  return Math.min(...texts.map((text) => certificatesEndAt(text) ?? Number.POSITIVE_INFINITY));
}
