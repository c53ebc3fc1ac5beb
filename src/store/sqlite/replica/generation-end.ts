/** Where a chain of records ends. */
export interface ChainEnd {
  readonly generation: string;
  /** 0 if the chain has no record. */
  readonly epoch: number;
  readonly frames: number;
  readonly salt1: number;
  readonly salt2: number;
  /** Time of the last commit in the chain, in ms. */
  readonly at: number;
}
