/** Returns the headers in a text with one header per line, such as `X-Api-Key: 123`. */
export function headersOf(text: string): Readonly<Record<string, string>> {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  return Object.fromEntries(
    lines.map((line) => {
      // A line without a colon is a name without a value, so that the server says what is wrong with it.
      const [, name = line, value = ""] = /^([^:]*):(.*)$/.exec(line) ?? [];
      return [name.trim(), value.trim()];
    }),
  );
}
