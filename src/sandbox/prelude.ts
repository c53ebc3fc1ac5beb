/** Maximum length of all lines that one call writes with `console`, in characters. */
export const LOG_CHARS_MAX = 65_536;
const LOG_LINES_MAX = 1_000;

/**
 * Runs before the foreign code, in its context. It returns functions that the host calls later. They
 * use only what they kept from before the code ran, because the code may replace every global.
 */
export const PRELUDE = `(function (variablesText) {
  "use strict";
  const { parse, stringify } = JSON;
  const text = String;
  // Without a prototype, because a setter that the code adds to Array.prototype would get the list.
  const lines = Object.setPrototypeOf([], null);
  let room = ${LOG_CHARS_MAX};
  const show = (value) => {
    if (typeof value !== "object") return text(value);
    try {
      return text(stringify(value));
    } catch {
      return "[not shown]";
    }
  };
  const write = (...values) => {
    let line = "";
    for (let index = 0; index < values.length; index++) line += (index === 0 ? "" : " ") + show(values[index]);
    if (lines.length >= ${LOG_LINES_MAX} || room <= 0) return;
    if (line.length > room) line = line.slice(0, room);
    room -= line.length;
    // JSON, because the host reads texts only up to their first NUL.
    lines[lines.length] = stringify(line);
  };
  globalThis.console = { log: write, info: write, warn: write, error: write, debug: write, trace: write };
  globalThis.variables = parse(variablesText);
  return {
    lines,
    invoke: (handler, argument) => handler(parse(argument)),
    write: (value) => stringify(value),
  };
})`;
