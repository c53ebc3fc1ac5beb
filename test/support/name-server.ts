import { createSocket, type RemoteInfo } from "node:dgram";

/**
 * Kind of response to a query: addresses of both families, of one or of none, or a failure.
 * `silent` never responds.
 */
export type Zone = "both" | "four" | "six" | "empty" | "absent" | "broken" | "refused" | "silent";

export interface NameServer extends AsyncDisposable {
  /** `address:port`, the form that `setServers` of node:dns accepts. */
  readonly address: string;
  /** The names that were asked for, in order. */
  readonly asked: readonly string[];
}

const ABSENT = 3;
const RESPONSE_CODES: Partial<Record<Zone, number>> = {
  both: 0,
  four: 0,
  six: 0,
  empty: 0,
  broken: 2,
  absent: ABSENT,
  refused: 5,
};
const A = 1;
const AAAA = 28;
/**
 * The A and AAAA records: a compressed name, the type, class IN, a TTL of one second, the length
 * and the address, which is 127.0.0.7 or ::7.
 */
const A_RECORD = Buffer.from("c00c00010001000000010004" + "7f000007", "hex");
const AAAA_RECORD = Buffer.from("c00c001c0001000000010010" + "00000000000000000000000000000007", "hex");

/**
 * Starts a name server on a UDP port of this machine. The first word of a name selects the
 * response, as in `both.test` or `silent7.test`. Any other name does not exist.
 */
export async function startNameServer(): Promise<NameServer> {
  const asked: string[] = [];
  const socket = createSocket("udp4");
  socket.on("message", (query: Buffer, { port, address }: RemoteInfo) => {
    const { name, type, end } = questionOf(query);
    asked.push(name);
    const zone = /^[a-z]+/.exec(name)?.[0] as Zone;
    if (zone !== "silent") socket.send(answerTo(query.subarray(0, end), type, zone), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  socket.unref(); // a script that uses it may end
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join("."), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answerTo(query: Buffer, type: number, zone: Zone): Buffer {
  const records: Buffer[] = [];
  if (type === A && (zone === "both" || zone === "four")) records.push(A_RECORD);
  if (type === AAAA && (zone === "both" || zone === "six")) records.push(AAAA_RECORD);
  const answer = Buffer.concat([query, ...records]);
  answer.writeUInt16BE(0x8180 | (RESPONSE_CODES[zone] ?? ABSENT), 2);
  answer.writeUInt16BE(records.length, 6);
  answer.writeUInt16BE(0, 10); // no additional records, not even those of the query
  return answer;
}
