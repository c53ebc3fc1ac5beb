import { Gauge, type Registry } from "./prom-client.ts";
import { isStoreUnavailable } from "./store-unavailable.ts";

type Reading = number | Promise<number>;

/** Time limit for a value, in ms. Prometheus waits for 10 seconds. */
const READING_MS_MAX = 5_000;

/**
 * Returns a value, or null if the store cannot be read. The metric then has no value, and the others are
 * still served. `boathook_store_failing` states the reason.
 */
async function valueOrNull<T>(read: () => T | Promise<T>): Promise<T | null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(resolve, READING_MS_MAX, null);
  try {
    return await Promise.race([read(), promise]);
  } catch (error) {
    if (isStoreUnavailable(error)) return null;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Adds a gauge whose value is read whenever the metrics are requested. */
export function addGauge(registry: Registry, name: string, help: string, read: () => Reading): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      const value = await valueOrNull(read);
      if (value === null) this.remove();
      else this.set(value);
    },
  });
}

/** Adds a gauge with one label. `read` returns the value of each label, always for the same labels. */
export function addGaugeBy(
  registry: Registry,
  { name, help, label }: { readonly name: string; readonly help: string; readonly label: string },
  read: () => Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>,
): void {
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    async collect() {
      const counts = await valueOrNull(read);
      if (counts === null) this.reset();
      else for (const [value, count] of Object.entries(counts)) this.set({ [label]: value }, count);
    },
  });
}
