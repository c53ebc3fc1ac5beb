import type { Seq } from "../../../core/id.ts";

/** Number of shares into which the lanes are divided. */
export const LANE_PARTITIONS = 256;

/**
 * Returns the share of a lane. Endpoints that were created in one millisecond, or milliseconds apart, are
 * in different shares. Must not be changed: all instances must agree.
 */
export function lanePartitionOf(endpointSeq: Seq): number {
  const [ms, counter] = [Math.floor(endpointSeq / 4096), Math.floor((endpointSeq % 4096) / 32)];
  return (ms * 31 + counter) % LANE_PARTITIONS;
}
