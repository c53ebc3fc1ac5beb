import { generateKeyPairSync, sign } from "node:crypto";
import { isIP } from "node:net";

/** A certificate and its key, both as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/**
 * Creates a self-signed certificate (X.509 v3, ECDSA P-256) for one DNS name or IP address. It is
 * valid from 2020 until the given time or the beginning of the given year. Only clients that are told to trust it accept it.
 */
export function selfSigned(name: string, until: number | Date = 2120): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const commonName = sequence(tagged(SET, sequence(oid("550403"), tagged(UTF8_STRING, Buffer.from(name)))));
  const certified = sequence(
    tagged(0xa0, integer(2)), // version 3
    integer(1), // serial number
    ECDSA_WITH_SHA256,
    commonName, // issuer
    sequence(time("20200101000000Z"), time(generalized(until))),
    commonName, // subject
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(alternativeName(name))),
  );
  const signature = sign("sha256", certified, privateKey);
  const der = sequence(certified, ECDSA_WITH_SHA256, tagged(BIT_STRING, Buffer.of(0), signature));
  return {
    cert: pem("CERTIFICATE", der),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function generalized(until: number | Date): string {
  return typeof until === "number" ? `${until}0101000000Z` : `${until.toISOString().replace(/\D/g, "").slice(0, 14)}Z`;
}

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_ID = 0x06;
const UTF8_STRING = 0x0c;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
/** The tags of a dNSName and an iPAddress in a GeneralName. */
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

const ECDSA_WITH_SHA256 = sequence(oid("2a8648ce3d040302"));

/** The extension subjectAltName. */
function alternativeName(name: string): Buffer {
  const names = sequence(isIP(name) === 0 ? tagged(DNS_NAME, Buffer.from(name)) : tagged(IP_ADDRESS, ipBytes(name)));
  return sequence(oid("551d11"), tagged(OCTET_STRING, names));
}

/**
 * Returns the bytes of an address in the form `a.b.c.d`, or of an IPv6 address with at most one
 * `::` and no dots.
 */
function ipBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail = ""] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const zeros = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(zeros).fill("0"), ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

/** Encodes DER: a tag, the length (below 2^16) in its shortest form, and the content. */
function tagged(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.of(tag, ...lengthBytes(body.length)), body]);
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

function sequence(...content: Buffer[]): Buffer {
  return tagged(SEQUENCE, ...content);
}

function integer(value: number): Buffer {
  return tagged(INTEGER, Buffer.of(value));
}

function oid(hex: string): Buffer {
  return tagged(OBJECT_ID, Buffer.from(hex, "hex"));
}

function time(text: string): Buffer {
  return tagged(GENERALIZED_TIME, Buffer.from(text));
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g)!;
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
