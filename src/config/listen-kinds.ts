import { isIP } from "node:net";
import { parseSubnet } from "../core/address.ts";
import type { TrustedProxy } from "../core/client-address.ts";
import { socketPathOf } from "../core/unix-socket.ts";
import { type Kind, stringOnly, subnet } from "./kinds.ts";

/** Kinds of settings about where the server listens. */

/** An address to listen on: an IP address (IPv6 without brackets), a host name or a Unix socket. */
export const host: Kind<string> = {
  label: "host",
  expected: "an IP address, a host name or a Unix socket such as 127.0.0.1, ::, localhost or unix:/run/boathook.sock",
  parse(text) {
    if (isIP(text) !== 0 || socketPathOf(text) !== null) return text;
    // A name that consists only of digits and dots is a mistyped IP address.
    if (text.length > 253 || /^[\d.]+$/.test(text)) return null;
    return /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?(\.[a-z\d]([a-z\d-]{0,61}[a-z\d])?)*$/i.test(text) ? text : null;
  },
  fromToml: stringOnly,
};

/** Permissions of a file, in octal digits. */
export const fileMode: Kind<number> = {
  label: "mode",
  expected: "a file mode of three octal digits such as 0660 or 0600",
  parse: (text) => (/^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : null),
  fromToml: stringOnly,
  format: (mode) => mode.toString(8).padStart(4, "0"),
};

/** A range of addresses of trusted proxies, or `unix`. */
export const proxy: Kind<TrustedProxy> = {
  label: "cidr",
  expected: "a CIDR such as 10.0.0.0/8 or fd00::/8, or unix",
  parse: (text) => (text === "unix" ? text : parseSubnet(text)),
  fromToml: stringOnly,
  format: (value) => (value === "unix" ? value : subnet.format!(value)),
};
