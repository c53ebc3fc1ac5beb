import { describe, expect, test } from "bun:test";
import { guideText } from "../support/guide.ts";
import { checked, messageWith } from "./support.ts";

const page = await guideText("filters");
const examples = [...page.matchAll(/^\| `(\{.+?\})` \| `(\{.+?\})` \| `(\{.+?\})` \|$/gm)];

describe("the examples on the guide's page about filters", () => {
  test("the page has examples", () => {
    expect(examples.length).toBeGreaterThan(8);
  });

  for (const [, filter, matching, other] of examples) {
    test(`the filter ${filter} matches the payload beside it and not the next one`, () => {
      expect(checked(filter!, messageWith(matching!))).toMatchObject({ matches: true });
      expect(checked(filter!, messageWith(other!))).toMatchObject({ matches: false });
    });
  }

  test("the page names every operator", () => {
    for (const name of "$eq $ne $gt $gte $lt $lte $in $nin $exists $startsWith $endsWith $regex $options $and $or $not".split(
      " ",
    )) {
      expect(page).toContain(`\`${name}\``);
    }
  });
});
