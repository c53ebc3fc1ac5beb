/** The measured figures, with the growth between two thirds of a soak that is accepted. */
export const FIGURES = {
  memory: { unit: "MB", slack: 30 },
  heap: { unit: "MB", slack: 20 },
  database: { unit: "MB", slack: 8 },
  wal: { unit: "MB", slack: 40 },
  replica: { unit: "MB", slack: 100 },
  backups: { unit: "MB", slack: 30 },
  otherFiles: { unit: "MB", slack: 2 },
  descriptors: { unit: "", slack: 30 },
  threads: { unit: "", slack: 4 },
  lag: { unit: "ms", slack: 50 },
  pending: { unit: "", slack: 500 },
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
  /** Means of the three thirds. Until data expires, in the first third, figures may grow. */
  readonly first: number;
  readonly middle: number;
  readonly last: number;
  readonly max: number;
  /** Slope of the regression line through the samples of the last two thirds, per hour. */
  readonly perHour: number;
  /** How far the mean of the last third may be above that of the middle one. */
  readonly tolerance: number;
  readonly isFlat: boolean;
}

/** Growth that is accepted in addition to the slack of a figure, as a share of its mean. */
const GROWTH_SHARE = 0.1;

/** Returns the development of each figure. Throws unless each third has a sample. */
export function developments(samples: readonly Sample[]): Development[] {
  const third = Math.floor(samples.length / 3);
  if (third === 0) throw new Error(`${samples.length} samples are too few.`);
  const thirds = [samples.slice(0, -2 * third), samples.slice(-2 * third, -third), samples.slice(-third)];
  return (Object.keys(FIGURES) as Figure[]).map((figure) => {
    const [first, middle, last] = thirds.map((part) => meanOf(part, figure)) as [number, number, number];
    const tolerance = middle * GROWTH_SHARE + FIGURES[figure].slack;
    const max = Math.max(...samples.map((sample) => sample[figure]));
    const perHour = slopeOf(samples.slice(-2 * third), figure) * 3600;
    return { figure, first, middle, last, max, perHour, tolerance, isFlat: last - middle <= tolerance };
  });
}

function meanOf(samples: readonly Sample[], figure: keyof Sample): number {
  return samples.reduce((sum, sample) => sum + sample[figure], 0) / samples.length;
}

/** Returns the slope of the regression line per second. */
function slopeOf(samples: readonly Sample[], figure: Figure): number {
  const [meanAt, mean] = [meanOf(samples, "at"), meanOf(samples, figure)];
  const covariance = samples.reduce((sum, sample) => sum + (sample.at - meanAt) * (sample[figure] - mean), 0);
  return covariance / samples.reduce((sum, sample) => sum + (sample.at - meanAt) ** 2, 0);
}
