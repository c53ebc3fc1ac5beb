import type { Figure } from "../figures.ts";
import type { Loaded } from "../run-load.ts";
import { alternate, bareLoopLeg, compared, megabytes, type Scenario, serverLeg, single } from "../scenario.ts";

/** The basic scenario. Its figures also show what a webhook costs on the disk and how much memory load takes. */
export const oneEndpoint: Scenario = {
  name: "one-endpoint",
  title: "one endpoint, 64 connections, 500 bytes, `sync=full`, ordinary token, named host",
  preparation: null,
  async run(context) {
    const found = await alternate(context, {
      "bare loop": () => bareLoopLeg(context),
      Boathook: () => serverLeg(context),
    });
    return { figures: figuresOf(found.Boathook, found["bare loop"]) };
  },
};

function figuresOf(own: readonly Loaded[], loop: readonly Loaded[]): Figure[] {
  const others = ["bare loop", loop] as const;
  return [
    deliveredPerSecond(own, others, 1),
    compared(["CPU per webhook", "µs"], own, others, (run) => run.cpuMicrosPerDelivered, { ratioMax: 1 }),
    compared(["written to the disk per webhook", "bytes"], own, others, (run) => run.writtenBytesPerDelivered, {
      ratioMax: 1.2,
    }),
    compared(["syncs of the disk per webhook", ""], own, others, (run) => run.commitsPerDelivered),
    compared(["response of the API, p50", "ms"], own, others, (run) => run.acceptP50Ms),
    compared(["response of the API, p99", "ms"], own, others, (run) => run.acceptP99Ms),
    single(["memory under load, at most", "MB"], own, (run) => megabytes(run.memoryPeakBytes), { valueMax: 250 }),
  ];
}

/** Returns the throughput beside that of a reference, of which at least a share is wanted. */
export function deliveredPerSecond(
  own: readonly Loaded[],
  others: readonly [string, readonly Loaded[]],
  ratioMin: number,
): Figure {
  return compared(["delivered", "/s"], own, others, (run) => run.deliveredPerSecond, { ratioMin });
}
