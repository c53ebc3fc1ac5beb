import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseAppearance } from "../../../web/portal/appearance.ts";
import { contrast, formatColour, inkOn, parseColour, type Rgb, readableOn } from "../../../web/portal/colour.ts";

const part = fc.integer({ min: 0, max: 255 });
const colour = fc.tuple(part, part, part) as fc.Arbitrary<Rgb>;

describe("appearance of the portal", () => {
  test("without parameters the portal follows the user's system setting, but uses light colours in a frame", () => {
    expect(parseAppearance("", false)).toEqual({ scheme: null, primary: null, fontFamily: null });
    expect(parseAppearance("", true).scheme).toBe("light");
  });

  test("the parameters of svix-react are supported", () => {
    for (const isFramed of [true, false]) {
      expect(parseAppearance("?darkMode=true", isFramed).scheme).toBe("dark");
      expect(parseAppearance("?darkMode=auto", isFramed).scheme).toBeNull();
      expect(parseAppearance("?darkMode=false", isFramed).scheme).toBe("light");
    }
    const { primary, fontFamily } = parseAppearance("?primaryColor=28bb93&fontFamily=Open+Sans&icon=https://x/y", true);
    expect(primary).toEqual([0x28, 0xbb, 0x93]);
    expect(fontFamily).toBe("Open Sans");
  });

  test("invalid colours and font names are ignored", () => {
    for (const bad of ["red", "28bb9", "28bb93ff", "url(x)", "28bb93;x:y", "#28bb93}", ""]) {
      expect(parseAppearance(`?primaryColor=${encodeURIComponent(bad)}`, true).primary).toBeNull();
    }
    for (const bad of ['"x', "a;b", "a}b", "url(//x)", "a\\b", "é", "x".repeat(65), " x", ""]) {
      expect(parseAppearance(`?fontFamily=${encodeURIComponent(bad)}`, true).fontFamily).toBeNull();
    }
    fc.assert(fc.property(fc.string(), fc.boolean(), (query, framed) => void parseAppearance(query, framed)));
  });
});

describe("colours of the portal", () => {
  test("colours are parsed with three or six digits and formatted with six", () => {
    expect(parseColour("#09c")).toEqual([0, 0x99, 0xcc]);
    fc.assert(fc.property(colour, (rgb) => expect(parseColour(formatColour(rgb))).toEqual(rgb)));
  });

  test("the contrast of two colours is computed as WCAG 2 defines it", () => {
    expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21);
    expect(contrast([119, 119, 119], [255, 255, 255])).toBeCloseTo(4.48, 2);
  });

  test("text is readable on every primary colour, and text in that colour is readable on every background", () => {
    fc.assert(
      fc.property(colour, (chosen) => {
        expect(contrast(inkOn(chosen), chosen)).toBeGreaterThanOrEqual(4.5);
        for (const ground of [
          [0xf0, 0xf3, 0xf6],
          [0x22, 0x2d, 0x38],
        ] as const) {
          expect(contrast(readableOn(ground, chosen), ground)).toBeGreaterThanOrEqual(4.5);
        }
      }),
    );
  });

  test("a colour that is readable is not changed", () => {
    expect(readableOn([255, 255, 255], [0x0b, 0x6e, 0x99])).toEqual([0x0b, 0x6e, 0x99]);
  });
});
