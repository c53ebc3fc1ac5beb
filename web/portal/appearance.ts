import { formatColour, inkOn, mix, parseColour, type Rgb, readableOn } from "./colour.ts";

/**
 * How the page is to look, as whoever embeds it says in the query, in the words of svix-react's `AppPortal`. Whatever is not
 * plainly a colour, a scheme or the name of a font is left out. Its `icon` is not shown: it would be fetched from elsewhere.
 */
export interface Appearance {
  /** Null: as the reader's system has it. */
  readonly scheme: "light" | "dark" | null;
  readonly primary: Rgb | null;
  readonly fontFamily: string | null;
}

const FONT_FAMILY = /^[a-z0-9][a-z0-9 -]{0,63}$/i;

/** The page around a frame is light unless it says otherwise: svix-react only mentions what is dark. */
export function parseAppearance(search: string, isFramed: boolean): Appearance {
  const query = new URLSearchParams(search);
  const fontFamily = query.get("fontFamily") ?? "";
  return {
    scheme: schemeOf(query.get("darkMode"), isFramed),
    primary: parseColour(query.get("primaryColor") ?? ""),
    fontFamily: FONT_FAMILY.test(fontFamily) ? fontFamily : null,
  };
}

function schemeOf(darkMode: string | null, isFramed: boolean): Appearance["scheme"] {
  if (darkMode === "true") return "dark";
  if (darkMode === "auto") return null;
  return darkMode === "false" || isFramed ? "light" : null;
}

/** The grounds that text stands on, as `style.css` has them: the lighter and the darker of each scheme asks the most. */
const PAPER: Rgb = [0xf0, 0xf3, 0xf6];
const DARK_CARD: Rgb = [0x22, 0x2d, 0x38];
const BLACK: Rgb = [0, 0, 0];
const HOVER_SHARE = 0.15;

/** Sets what the style sheet reads. Properties that are set by a script need no inline style, which the policy forbids. */
export function applyAppearance({ scheme, primary, fontFamily }: Appearance): void {
  const { dataset, style } = document.documentElement;
  if (scheme !== null) dataset.theme = scheme;
  if (fontFamily !== null) style.setProperty("--pico-font-family", `"${fontFamily}", system-ui, sans-serif`);
  if (primary === null) return;
  dataset.primary = "";
  style.setProperty("--primary", formatColour(primary));
  style.setProperty("--primary-hover", formatColour(mix(primary, BLACK, HOVER_SHARE)));
  style.setProperty("--primary-ink", formatColour(inkOn(primary)));
  style.setProperty("--primary-on-light", formatColour(readableOn(PAPER, primary)));
  style.setProperty("--primary-on-dark", formatColour(readableOn(DARK_CARD, primary)));
}
