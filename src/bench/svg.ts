/** Charts as SVG without scripts. They follow the light or dark scheme of the reader. All functions are pure. */

/** Bars beside each other in a group, such as a figure and its reference. */
export interface BarGroup {
  readonly label: string;
  readonly bars: readonly Bar[];
}

export interface Bar {
  /** What the bar stands for. Bars of Boathook are in the accent colour. */
  readonly name: string;
  readonly isOwn: boolean;
  readonly value: number;
  /** The value with its unit. */
  readonly text: string;
}

export interface Line {
  readonly name: string;
  readonly isOwn: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

interface Frame {
  readonly title: string;
  /** A text with all values, for readers who do not see the chart. */
  readonly description: string;
}

const WIDTH = 760;
const TITLE_HEIGHT = 40;
const LABELS_WIDTH = 190;
const BARS_WIDTH = 310;
const BAR_HEIGHT = 16;
const BAR_STEP = 20;
const GROUP_GAP = 12;

/** Returns groups of horizontal bars on a common scale that starts at 0. */
export function barChart({ title, description }: Frame, groups: readonly BarGroup[]): string {
  const max = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)), 0) || 1;
  const parts: string[] = [];
  let y = TITLE_HEIGHT;
  for (const { label, bars } of groups) {
    parts.push(text(0, y + 12, label, "ink"));
    for (const { name, isOwn, value, text: shown } of bars) {
      const width = Math.max(1, (value / max) * BARS_WIDTH);
      const kind = isOwn ? "own" : "other";
      parts.push(rectangle(LABELS_WIDTH, y, width, BAR_HEIGHT, kind));
      parts.push(text(LABELS_WIDTH + width + 8, y + 12, `${shown}  ${name}`, isOwn ? "ink" : "muted"));
      y += BAR_STEP;
    }
    y += GROUP_GAP;
  }
  return picture({ title, description }, y, parts);
}

const PLOT_HEIGHT = 240;
const AXIS_WIDTH = 60;
const NAMES_WIDTH = 110;
const TICKS = 4;

/** Returns lines over a number, whose vertical scale starts at 0. */
export function lineChart(
  { title, description }: Frame,
  lines: readonly Line[],
  units: { readonly x: string; readonly y: string },
): string {
  const all = lines.flatMap(({ points }) => points);
  const maxX = Math.max(...all.map(([x]) => x), 1);
  const maxY = roundUp(Math.max(...all.map(([, y]) => y), 1));
  const bottom = TITLE_HEIGHT + PLOT_HEIGHT;
  const right = WIDTH - NAMES_WIDTH;
  const atX = (x: number) => AXIS_WIDTH + (x / maxX) * (right - AXIS_WIDTH);
  const atY = (y: number) => bottom - (y / maxY) * PLOT_HEIGHT;
  const parts: string[] = [];
  for (let tick = 0; tick <= TICKS; tick++) {
    const [x, y] = [(maxX / TICKS) * tick, (maxY / TICKS) * tick];
    parts.push(`<line class="grid" x1="${AXIS_WIDTH}" x2="${right}" y1="${atY(y)}" y2="${atY(y)}"/>`);
    parts.push(text(AXIS_WIDTH - 8, atY(y) + 4, count(y), "muted end"));
    parts.push(text(atX(x), bottom + 18, count(x), "muted middle"));
  }
  for (const { name, isOwn, points } of lines) {
    const kind = isOwn ? "own" : "other";
    const path = points.map(([x, y]) => `${short(atX(x))},${short(atY(y))}`).join(" ");
    parts.push(`<polyline class="line ${kind}" points="${path}"/>`);
    const [x, y] = points.at(-1) ?? [0, 0];
    parts.push(text(atX(x) + 8, atY(y) + 4, name, isOwn ? "ink" : "muted"));
  }
  parts.push(text(AXIS_WIDTH, bottom + 38, `${units.y} by ${units.x}`, "muted"));
  return picture({ title, description }, bottom + 50, parts);
}

function picture({ title, description }: Frame, height: number, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-16 0 ${WIDTH + 32} ${height}" role="img" aria-labelledby="title description">
<title id="title">${escaped(title)}</title>
<desc id="description">${escaped(description)}</desc>
<style>
svg { background: #fff; font: 13px system-ui, sans-serif }
.ink { fill: #1f2328 } .muted { fill: #59636e } .heading { fill: #1f2328; font-weight: 600; font-size: 15px }
.own { fill: #0969da; stroke: #0969da } .other { fill: #afb8c1; stroke: #818b98 }
.line { fill: none; stroke-width: 2 } rect { stroke: none } .grid { stroke: #d1d9e0 }
.end { text-anchor: end } .middle { text-anchor: middle }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117 } .ink, .heading { fill: #f0f6fc } .muted { fill: #9198a1 }
.own { fill: #4493f8; stroke: #4493f8 } .other { fill: #656c76; stroke: #9198a1 } .grid { stroke: #3d444d }
rect { stroke: none } .line { fill: none }
}
</style>
${text(0, 20, title, "heading")}
${parts.join("\n")}
</svg>
`;
}

function rectangle(x: number, y: number, width: number, height: number, kind: string): string {
  return `<rect class="${kind}" x="${x}" y="${y}" width="${short(width)}" height="${height}" rx="2"/>`;
}

function text(x: number, y: number, content: string, kind: string): string {
  return `<text class="${kind}" x="${short(x)}" y="${short(y)}">${escaped(content)}</text>`;
}

function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** Returns the next number with one or two digits and zeros, so that ticks are round. */
function roundUp(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].map((factor) => factor * unit).find((candidate) => candidate >= value)!;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
