import { expect, test } from "bun:test";
import {
  baseName,
  chunkName,
  generationName,
  generationNumber,
  manifestEpoch,
  manifestName,
  segmentName,
  segmentStart,
} from "../../src/core/replica-name.ts";

const generation = generationName(12, "0a1b2c");

test("names of a replica are sorted as their numbers are", () => {
  const numbers = [1, 2, 9, 10, 99, 100, 12_345_678];
  const generations = numbers.map((number) => generationName(number, "ffffff"));
  expect([...generations].sort()).toEqual(generations);
  const segments = numbers.flatMap((epoch) =>
    [0, 7, 1000].map((from) => segmentName(generation, { epoch, from }, "0a1b2c")),
  );
  expect([...segments].sort()).toEqual(segments);
});

test("a name is read as it was made", () => {
  expect(generationNumber(generation)).toBe(12);
  expect(segmentStart(segmentName(generation, { epoch: 5, from: 77 }, "abcdef"))).toEqual({ epoch: 5, from: 77 });
  expect(manifestEpoch(manifestName(baseName(generation, { epoch: 6, from: 1 }, "abcdef")))).toBe(6);
});

test("names that do not belong to a replica are not taken for one", () => {
  const base = baseName(generation, { epoch: 6, from: 1 }, "abcdef");
  const segment = segmentName(generation, { epoch: 5, from: 77 }, "abcdef");
  for (const name of ["", "generation-1-abcdef", "generation-00000001", "x", `${generation}.tmp`]) {
    expect({ name, number: generationNumber(name) }).toEqual({ name, number: null });
  }
  for (const name of ["", base, `${segment}.tmp`, `${generation}/segment-1-2-x`, `${generation}/other`]) {
    expect({ name, start: segmentStart(name) }).toEqual({ name, start: null });
  }
  for (const name of ["", base, segment, chunkName(base, 0), `${manifestName(base)}.tmp`]) {
    expect({ name, epoch: manifestEpoch(name) }).toEqual({ name, epoch: null });
  }
});
