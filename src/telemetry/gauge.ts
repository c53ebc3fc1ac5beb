import { Gauge, type Registry } from "prom-client";

type Reading = number | Promise<number>;

/** Adds a gauge whose value is read whenever the metrics are requested. */
export function addGauge(registry: Registry, name: string, help: string, read: () => Reading): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      this.set(await read());
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
      for (const [value, count] of Object.entries(await read())) this.set({ [label]: value }, count);
    },
  });
}
