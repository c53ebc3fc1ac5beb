import { expect, test } from "bun:test";
import { Pauses } from "../../src/relay/pauses.ts";

const MINUTE = 60_000;

test("the pause of a refused row doubles with each refusal up to an hour", () => {
  let now = 0;
  const pauses = new Pauses(() => now);
  const minutes = Array.from({ length: 8 }, () => {
    const ms = pauses.begin("row");
    expect(pauses.active).toEqual(["row"]);
    now += ms;
    expect(pauses.active).toEqual([]);
    return ms / MINUTE;
  });
  expect(minutes).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
});

test("a row that was sent, or not refused again for an hour, begins with the shortest pause", () => {
  let now = 0;
  const pauses = new Pauses(() => now);
  pauses.begin("sent");
  pauses.begin("gone");
  pauses.end("sent");
  expect(pauses.active).toEqual(["gone"]);
  expect(pauses.begin("sent")).toBe(MINUTE);
  now += 62 * MINUTE;
  expect(pauses.active).toEqual([]);
  expect(pauses.begin("gone")).toBe(MINUTE);
});
