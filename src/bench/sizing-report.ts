import type { SizingFigures, SizingOptions } from "./sizing.ts";

/** Returns the figures as lines for people. */
export function sizingReport(figures: SizingFigures): string {
  return figureRows(figures)
    .map(([name, value]) => `${name.padEnd(52)}${value}`)
    .join("\n");
}

/** Returns a sentence that puts the figures into proportion. */
export function sizingSentence({ deliveredPerSecond, storedBytesPerMessage }: SizingFigures): string {
  const planned = Math.floor(deliveredPerSecond / PEAK_TO_PLANNED);
  const perDay = planned * SECONDS_PER_DAY;
  return `With room for peaks of ${PEAK_TO_PLANNED} times the usual rate, this machine takes ${count(planned)} messages per second: ${count(perDay)} and ${gigabytes(perDay * storedBytesPerMessage)} per day.`;
}

/** Returns the conditions under which the figures hold. */
export function sizingConditions({ bodyBytes, connections, seconds }: SizingOptions, cores: number): string {
  return `${cores} ${cores === 1 ? "core" : "cores"} for server, load and receiver; payloads of ${bodyBytes} bytes, ${connections} connections, one endpoint, ${seconds} s`;
}

const PEAK_TO_PLANNED = 4;
const SECONDS_PER_DAY = 86_400;

/** Returns each figure with its name. */
export function figureRows(figures: SizingFigures): (readonly [name: string, value: string])[] {
  return [
    ["delivered webhooks per second", count(figures.deliveredPerSecond)],
    ["CPU time of the server per webhook", `${known(figures.cpuMicrosPerMessage, (value) => value.toFixed(0))} µs`],
    ["main thread of the server", `${known(figures.mainThreadShare, (value) => (value * 100).toFixed(0))} % of a core`],
    ["response of the API, median and 99th percentile", times(figures.acceptP50Ms, figures.acceptP99Ms)],
    [
      `at ${count(figures.perSecond)}/s: sent until arrived, median and 99th`,
      times(figures.arrivalP50Ms, figures.arrivalP99Ms),
    ],
    [
      "memory of the server, idle and at most",
      `${megabytes(figures.memoryIdleBytes)}, ${megabytes(figures.memoryPeakBytes)}`,
    ],
    ["stored per message", `${count(figures.storedBytesPerMessage)} bytes`],
    ["written to the disk per message", `${known(figures.writtenBytesPerMessage, count)} bytes`],
    ["messages sent and delivered", count(figures.messages)],
  ];
}

function known(value: number | null, format: (value: number) => string): string {
  return value === null ? "?" : format(value);
}

function count(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

function times(p50Ms: number | null, p99Ms: number | null): string {
  return `${known(p50Ms, (ms) => ms.toFixed(1))}, ${known(p99Ms, (ms) => ms.toFixed(1))} ms`;
}

function megabytes(bytes: number | null): string {
  return `${known(bytes, (value) => (value / 1e6).toFixed(0))} MB`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0)} GB`;
}
