import { isOwnHeader } from "../core/own-header.ts";
import { headerNamePattern, headersBytesMax, headersMax, headerValueProblem, nameCharsMax } from "../core/rule.ts";

const OWN_PREFIX = "boathook-";

/**
 * Returns the headers of a broker's message that deliveries pass on: those that fit in a request, have
 * no meaning for a connection and are not ours. Names are in lower case. If there are very many, only
 * the first ones are passed on.
 */
export function passedOnHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const passedOn: [name: string, value: string][] = [];
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (!isPassedOn(name, value)) continue;
    bytes += name.length + value.length;
    if (passedOn.length === headersMax || bytes > headersBytesMax) break;
    passedOn.push([name, value]);
  }
  return Object.fromEntries(passedOn);
}

function isPassedOn(name: string, value: string): boolean {
  if (name.length > nameCharsMax || !headerNamePattern.test(name)) return false;
  if (isOwnHeader(name) || name.startsWith(OWN_PREFIX)) return false;
  return headerValueProblem(value) === null && value === value.trim();
}
