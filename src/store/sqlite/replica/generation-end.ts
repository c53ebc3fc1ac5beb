/** Where the records of a generation end. */
export interface GenerationEnd {
  /** Name of the generation. */
  readonly generation: string;
  /** 0 if the generation has no record. */
  readonly epoch: number;
  readonly frames: number;
  readonly salt1: number;
  readonly salt2: number;
  /** Time of the last commit in the generation, in ms. */
  readonly at: number;
}
