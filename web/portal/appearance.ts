import { formatColour, inkOn, mix, parseColour, type Rgb, readableOn } from "./colour.ts";

/**
 * The look of the page, which the embedding site sets with the query parameters of `AppPortal` in
 * svix-react. Invalid values are ignored. The parameter `icon` is not supported, because the icon
 * would be loaded from another host.
 */
export interface Appearance {
  /** Null means the scheme of the user's system. */
  readonly scheme: "light" | "dark" | null;
  readonly primary: Rgb | null;
  readonly fontFamily: string | null;
}

const FONT_FAMILY = /^[a-z0-9][a-z0-9 -]{0,63}$/i;

/**
 * Parses the appearance from the query. In a frame the default scheme is light, because svix-react
 * sets only the dark scheme.
 */
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

/** The background in `style.css` on which text is hardest to read, for each scheme. */
const PAPER: Rgb = [0xf0, 0xf3, 0xf6];
const DARK_CARD: Rgb = [0x22, 0x2d, 0x38];
const BLACK: Rgb = [0, 0, 0];
const HOVER_SHARE = 0.15;

/**
 * Sets the properties that the style sheet uses. The content security policy allows scripts to set
 * them.
 */
export function applyAppearance({ scheme, primary, fontFamily }: Appearance): void {
  const { dataset, style } = document.documentElement;
  if (scheme !== null) dataset.theme = scheme;
  if (fontFamily !== null) style.setProperty("--sans", `"${fontFamily}", system-ui, sans-serif`);
  if (primary === null) return;
  dataset.primary = "";
  style.setProperty("--primary", formatColour(primary));
  style.setProperty("--primary-hover", formatColour(mix(primary, BLACK, HOVER_SHARE)));
  style.setProperty("--primary-ink", formatColour(inkOn(primary)));
  style.setProperty("--primary-on-light", formatColour(readableOn(PAPER, primary)));
  style.setProperty("--primary-on-dark", formatColour(readableOn(DARK_CARD, primary)));
}
