/** Names of the measured figures, with what may change between two thirds of a soak. */
export const FIGURES = {
  memory: { unit: "MB", slack: 30 },
  database: { unit: "MB", slack: 16 },
  wal: { unit: "MB", slack: 40 },
  replica: { unit: "MB", slack: 100 },
  backups: { unit: "MB", slack: 40 },
  otherFiles: { unit: "MB", slack: 2 },
  descriptors: { unit: "", slack: 30 },
  threads: { unit: "", slack: 4 },
  pending: { unit: "", slack: 2000 },
} as const satisfies Record<string, { unit: string; slack: number }>;

export type Figure = keyof typeof FIGURES;

/** Values of all figures at one instant. */
export type Sample = Readonly<Record<Figure, number>> & {
  /** Seconds since the start of the soak. */
  readonly at: number;
};

/** How a figure developed. */
export interface Development {
  readonly figure: Figure;
  /** Means of the middle and the last third. The first third is the time until data expires. */
  readonly middle: number;
  readonly last: number;
  readonly max: number;
  /** Change from the middle to the last third, per hour. */
  readonly perHour: number;
  /** Whether the last third is at most a tenth and the figure's slack above the middle one. */
  readonly isFlat: boolean;
}

const SHARE = 0.1;

/** Returns the development of each figure. Throws unless each third has a sample. */
export function developments(samples: readonly Sample[]): Development[] {
  const third = Math.floor(samples.length / 3);
  if (third === 0) throw new Error(`${samples.length} samples are too few.`);
  const middle = samples.slice(-2 * third, -third);
  const last = samples.slice(-third);
  const hours = (meanOf(last, "at") - meanOf(middle, "at")) / 3600;
  return (Object.keys(FIGURES) as Figure[]).map((figure) => {
    const [before, after] = [meanOf(middle, figure), meanOf(last, figure)];
    const isFlat = after - before <= before * SHARE + FIGURES[figure].slack;
    const max = Math.max(...samples.map((sample) => sample[figure]));
    return { figure, middle: before, last: after, max, perHour: (after - before) / hours, isFlat };
  });
}

function meanOf(samples: readonly Sample[], figure: keyof Sample): number {
  return samples.reduce((sum, sample) => sum + sample[figure], 0) / samples.length;
}
