import { expect, test } from "bun:test";
import { developments, FIGURES, type Figure, type Sample } from "../../scripts/soak/verdict.ts";

/** Returns 30 samples, one every 10 s, in which all figures but one are constant. */
function samplesWith(figure: Figure, valueAt: (index: number) => number): Sample[] {
  const constant = Object.fromEntries(Object.keys(FIGURES).map((name) => [name, 100])) as Record<Figure, number>;
  return Array.from({ length: 30 }, (_, index) => ({ ...constant, [figure]: valueAt(index), at: index * 10 }));
}

const growing = (samples: readonly Sample[]) =>
  developments(samples)
    .filter(({ isFlat }) => !isFlat)
    .map(({ figure }) => figure);

test("a figure that grows throughout a soak is reported, and no other one", () => {
  for (const figure of Object.keys(FIGURES) as Figure[]) {
    expect(growing(samplesWith(figure, (index) => 100 + 500 * index))).toEqual([figure]);
  }
});

test("a figure that grows only in the first third of a soak, or goes up and down, is flat", () => {
  expect(growing(samplesWith("memory", (index) => Math.min(index, 10) * 100))).toEqual([]);
  expect(growing(samplesWith("replica", (index) => (index % 5) * 400))).toEqual([]);
});

test("the slope of a figure per hour is that of the last two thirds, whatever the first one was", () => {
  const [memory] = developments(samplesWith("memory", (index) => (index < 10 ? 0 : index)));
  // 1 per sample, which is 10 s.
  expect(memory).toMatchObject({ figure: "memory", first: 0, middle: 14.5, last: 24.5, max: 29 });
  expect(memory!.perHour).toBeCloseTo(360);
});

test("a figure may grow by a tenth and its slack from the middle to the last third, and no more", () => {
  const threadsOf = (last: number) =>
    developments(samplesWith("threads", (index) => (index < 20 ? 100 : last))).find(
      ({ figure }) => figure === "threads",
    );
  expect(threadsOf(110 + FIGURES.threads.slack)).toMatchObject({ tolerance: 10 + FIGURES.threads.slack, isFlat: true });
  expect(threadsOf(111 + FIGURES.threads.slack)).toMatchObject({ isFlat: false });
});

test("too few samples for three thirds are refused", () => {
  expect(() => developments([])).toThrow("0 samples are too few.");
  expect(() => developments(samplesWith("memory", () => 1).slice(0, 2))).toThrow("2 samples are too few.");
});
