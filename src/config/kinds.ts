import { isIP } from "node:net";
import { parseSubnet, type Subnet } from "../core/address.ts";
import { formatDuration, formatSize, parseDuration, parseRate, parseSize } from "../core/unit.ts";

/**
 * A kind of setting value. It parses the text of a flag or variable. A TOML number, boolean or
 * array is first converted to text, so that all sources use the same parser.
 */
export interface Kind<Value> {
  /** Placeholder in help texts: `--port <integer>`. */
  readonly label: string;
  /** Completes the sentence "… must be" in messages. */
  readonly expected: string;
  /** Parses a value. Returns null if the text is invalid. */
  parse(text: string): Value | null;
  /** Returns the text form of a TOML value, or null if it has the wrong type. */
  fromToml(value: unknown): string | null;
  /** Returns the text from which `parse` gets a value. If absent, it is the value as a string. */
  format?(value: Value): string;
}

export function stringOnly(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

const DAY_MS = 86_400_000;
/** Maximum duration. A century is longer than anyone needs, and sums with timestamps stay exact. */
const DURATION_MS_MAX = 36_525 * DAY_MS;

/**
 * A duration in ms from `minMs` to `maxMs`. If `zeroMeans` is set, `0` is accepted without a unit.
 */
export function duration(
  options: { minMs?: number; maxMs?: number; range?: string; zeroMeans?: string } = {},
): Kind<number> {
  const { minMs = 0, maxMs = DURATION_MS_MAX, range, zeroMeans } = options;
  return {
    label: "duration",
    expected: `a duration such as 250ms, 5s, 30m, 2h or 5d${range ? `, ${range}` : ""}${zeroMeans ? `, or 0 for ${zeroMeans}` : ""}`,
    parse(text) {
      if (zeroMeans !== undefined && text === "0") return 0;
      const ms = parseDuration(text);
      return ms !== null && ms >= minMs && ms <= maxMs ? ms : null;
    },
    fromToml: (value) => (zeroMeans !== undefined && value === 0 ? "0" : stringOnly(value)),
    format: formatDuration,
  };
}

/** A size in bytes from `minBytes` to `maxBytes`. */
export function size(minBytes: number, maxBytes: number, range: string): Kind<number> {
  return {
    label: "size",
    expected: `a size such as 64KiB or 2MiB, ${range}`,
    parse(text) {
      const bytes = parseSize(text);
      return bytes !== null && bytes >= minBytes && bytes <= maxBytes ? bytes : null;
    },
    fromToml: stringOnly,
    format: formatSize,
  };
}

export function integer(min: number, max: number): Kind<number> {
  return {
    label: "integer",
    expected: `an integer from ${min} to ${max}`,
    parse(text) {
      if (!/^\d{1,15}$/.test(text)) return null;
      const value = Number(text);
      return value >= min && value <= max ? value : null;
    },
    fromToml: (value) => (typeof value === "number" && Number.isInteger(value) ? String(value) : null),
  };
}

/** A fraction from 0 to 1. */
export const share: Kind<number> = {
  label: "fraction",
  expected: "a number from 0 to 1",
  parse(text) {
    if (!/^\d{1,3}(\.\d{1,15})?$/.test(text)) return null;
    const value = Number(text);
    return value <= 1 ? value : null;
  },
  fromToml: (value) => (typeof value === "number" ? String(value) : null),
};

export const boolean: Kind<boolean> = {
  label: "boolean",
  expected: "true or false",
  parse: (text) => (text === "true" ? true : text === "false" ? false : null),
  fromToml: (value) => (typeof value === "boolean" ? String(value) : null),
};

export function oneOf<const Choice extends string>(...choices: readonly Choice[]): Kind<Choice> {
  return {
    label: choices.join("|"),
    expected: `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`,
    parse: (text) => choices.find((choice) => choice === text) ?? null,
    fromToml: stringOnly,
  };
}

/**
 * A comma-separated list of values. In TOML, an array of strings is accepted too. An empty text is
 * an empty list.
 */
export function list<Item>(item: Kind<Item>, expected: string, itemsMax: number): Kind<readonly Item[]> {
  return {
    label: `${item.label},…`,
    expected,
    parse(text) {
      if (text.trim() === "") return [];
      const values = text.split(",").map((part) => item.parse(part.trim()));
      if (values.length > itemsMax) return null;
      return values.every((value) => value !== null) ? values : null;
    },
    fromToml(value) {
      if (!Array.isArray(value)) return stringOnly(value);
      // Joining with commas would change the meaning of an item that is empty or contains a comma.
      return value.every((part) => typeof part === "string" && part !== "" && !part.includes(","))
        ? value.join(",")
        : null;
    },
    format: (values) => values.map((value) => item.format?.(value) ?? String(value)).join(","),
  };
}

export const subnet: Kind<Subnet> = {
  label: "cidr",
  expected: "a CIDR such as 10.0.0.0/8 or fd00::/8",
  parse: parseSubnet,
  fromToml: stringOnly,
  format: ({ base, bits }) => `${base}/${bits}`,
};

/** A name server, as text in the form that `setServers` of `node:dns` accepts. */
export const nameServer: Kind<string> = {
  label: "address",
  expected: "an IP address with an optional port such as 10.0.0.53, 127.0.0.1:8600 or [fd00::53]:53",
  parse(text) {
    const { v4, v6, port = "53" } = /^(?:(?<v4>[\d.]+)|\[(?<v6>.+)\])(?::(?<port>\d{1,5}))?$/.exec(text)?.groups ?? {};
    const address = v4 ?? v6 ?? text;
    // The resolver does not accept zones such as %eth0.
    if (isIP(address) !== (v4 === undefined ? 6 : 4) || address.includes("%")) return null;
    return Number(port) >= 1 && Number(port) <= 65_535 ? text : null;
  },
  fromToml: stringOnly,
};

/** A number per second. */
export const rate: Kind<number> = {
  label: "rate",
  expected: "a rate per second such as 500/s",
  parse: parseRate,
  fromToml: stringOnly,
  format: (perSecond) => `${perSecond}/s`,
};

const SECRET_CHARS_MAX = 256;

/** A secret that clients send in a header: visible ASCII characters. */
export const bearer: Kind<string> = bearerOf(1, "");

/** A token with all rights. It must be long, because an attacker can try tokens quickly. */
export const rootToken: Kind<string> = bearerOf(32, ", for example from `openssl rand -hex 32`");

function bearerOf(charsMin: number, example: string): Kind<string> {
  return {
    label: "secret",
    expected: `${charsMin} to ${SECRET_CHARS_MAX} visible ASCII characters without spaces${example}`,
    parse: (text) =>
      text.length >= charsMin && text.length <= SECRET_CHARS_MAX && /^[\x21-\x7e]+$/.test(text) ? text : null,
    fromToml: stringOnly,
  };
}

/** A secret that may be any text, because it is never sent in a header. */
export const secretText: Kind<string> = {
  label: "secret",
  expected: "a text that is not empty",
  parse: (text) => (text === "" ? null : text),
  fromToml: stringOnly,
};

/** A 256-bit key. */
export const hexKey: Kind<string> = {
  label: "secret",
  expected: "64 hex digits, for example from `openssl rand -hex 32`",
  parse: (text) => (/^[0-9a-fA-F]{64}$/.test(text) ? text.toLowerCase() : null),
  fromToml: stringOnly,
};

export const path: Kind<string> = {
  label: "path",
  expected: "a path",
  parse: (text) => (text.trim() !== "" && !text.includes("\0") ? text : null),
  fromToml: stringOnly,
};

export const shardName: Kind<string> = {
  label: "name",
  expected: "1 to 8 lower-case letters and digits, such as eu1",
  parse: (text) => (/^[a-z0-9]{1,8}$/.test(text) ? text : null),
  fromToml: stringOnly,
};

/** The location of a replica: `s3://bucket/prefix`, or the path of a directory. */
export const replicaLocation: Kind<string> = {
  label: "location",
  expected: "the path of a directory, or s3://bucket/prefix",
  parse(text) {
    if (/^s3:\/\//i.test(text)) return /^s3:\/\/[a-z0-9][a-z0-9.-]{1,62}(\/[!-~]{0,512})?$/.test(text) ? text : null;
    return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? null : path.parse(text);
  },
  fromToml: stringOnly,
};

/** A base URL (`http` or `https`) to which paths are appended. A trailing slash is removed. */
export const baseUrl: Kind<string> = {
  label: "url",
  expected: "an http:// or https:// URL without user, query and fragment, such as https://hooks.example.com",
  parse(text) {
    if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null;
    const url = new URL(text);
    if (url.username !== "" || url.password !== "" || /[?#]/.test(text)) return null;
    return url.href.replace(/\/+$/, "");
  },
  fromToml: stringOnly,
};
