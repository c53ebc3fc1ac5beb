/** Adjusts a colour that a site has chosen so that it is readable on its background. */
export type Rgb = readonly [red: number, green: number, blue: number];

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];
/** Minimum contrast ratio of text, as required by WCAG 2. */
const CONTRAST_MIN = 4.5;
const STEPS = 20;

/** Parses `0b6e99` or `09c`, with or without `#`. Returns null for anything else. */
export function parseColour(text: string): Rgb | null {
  const hex = /^#?([0-9a-f]{6}|[0-9a-f]{3})$/i.exec(text)?.[1];
  if (hex === undefined) return null;
  const full = hex.length === 3 ? hex.replace(/./g, "$&$&") : hex;
  return [0, 2, 4].map((at) => Number.parseInt(full.slice(at, at + 2), 16)) as unknown as Rgb;
}

export function formatColour(colour: Rgb): string {
  return `#${colour.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

/** Returns the contrast ratio, from 1 (same colour) to 21 (black on white). */
export function contrast(one: Rgb, other: Rgb): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** Returns black or white, whichever is more readable on this background. */
export function inkOn(ground: Rgb): Rgb {
  return contrast(ground, WHITE) >= CONTRAST_MIN || contrast(ground, WHITE) > contrast(ground, BLACK) ? WHITE : BLACK;
}

/** Darkens or lightens a colour until it is readable on this background. */
export function readableOn(ground: Rgb, colour: Rgb): Rgb {
  const towards = luminance(ground) > 0.5 ? BLACK : WHITE;
  for (let step = 0; step < STEPS; step++) {
    const mixed = mix(colour, towards, step / STEPS);
    if (contrast(mixed, ground) >= CONTRAST_MIN) return mixed;
  }
  return towards;
}

export function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return from.map((part, at) => part + (to[at]! - part) * share) as unknown as Rgb;
}

/** Returns the relative luminance as defined by WCAG 2. */
function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
