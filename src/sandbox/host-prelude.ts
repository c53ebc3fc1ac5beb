/** Maximum number of calls to the host in one call of the code, by name. */
export const HOST_CALLS_MAX = { fetch: 50, send: 100 } as const;
/** Maximum length of the arguments of all calls to the host in one call of the code, as JSON text. */
const HOST_ARGUMENTS_CHARS_MAX = 2 * 1_048_576;

/**
 * Runs after the prelude and before the foreign code, if the code may call the host. It defines the
 * second argument of `handler`: `attempt`, `secrets`, `log`, `fetch` and `send`. Calls are only put in a
 * list, which the host reads when the code waits.
 *
 * An error is created when a call begins, because its place in the code is not known later.
 */
export const HOST_PRELUDE = `(function (contextText) {
  "use strict";
  const { parse, stringify } = JSON;
  const { create, entries, setPrototypeOf } = Object;
  const [text, isArray, lowerCase] = [String, Array.isArray, (value) => text(value).toLowerCase()];
  const [PromiseOfHost, ErrorOfHost, TypeErrorOfHost] = [Promise, Error, TypeError];
  const upperCase = (value) => text(text(value).toUpperCase());
  const { log } = console;
  const requests = setPrototypeOf([], null);
  const waiting = create(null);
  const left = setPrototypeOf(${JSON.stringify(HOST_CALLS_MAX)}, null);
  const most = setPrototypeOf(${JSON.stringify(HOST_CALLS_MAX)}, null);
  let room = ${HOST_ARGUMENTS_CHARS_MAX};

  const request = (name, argument, toValue) => {
    const error = new ErrorOfHost("");
    error.name = "ctx." + name;
    const refuse = (message) => {
      error.message = message;
      throw error;
    };
    return new PromiseOfHost((resolve, reject) => {
      if (left[name] <= 0) refuse("A function may call this at most " + most[name] + " times.");
      // Without a prototype, because the code may have given Object.prototype a method toJSON.
      const json = stringify(setPrototypeOf({ name, argument }, null));
      if (json.length > room) refuse("The arguments of all calls have more than ${HOST_ARGUMENTS_CHARS_MAX} characters.");
      left[name] -= 1;
      room -= json.length;
      waiting[requests.length] = { resolve, reject, error, toValue };
      requests[requests.length] = json;
    });
  };

  const textsOf = (headers) => {
    const texts = create(null);
    for (const [name, value] of entries(headers ?? {})) texts[name] = text(value);
    return texts;
  };

  const response = ({ status, headers, body }) => ({
    status,
    ok: status >= 200 && status < 300,
    headers: { get: (name) => setPrototypeOf(headers, null)[lowerCase(name)] ?? null },
    text: async () => body,
    json: async () => parse(body),
  });

  const fetch = async (url, { method = "GET", headers = null, body = null } = {}) => {
    if (body !== null && body !== undefined && typeof body !== "string") {
      throw new TypeErrorOfHost("\`body\` must be a string. Use JSON.stringify for objects.");
    }
    const argument = { url: text(url), method: upperCase(method), headers: textsOf(headers), body: body ?? null };
    return request("fetch", setPrototypeOf(argument, null), response);
  };

  const send = async (message) => {
    if (typeof message !== "object" || message === null || isArray(message)) {
      throw new TypeErrorOfHost("The message must be an object with \`eventType\` and \`payload\`.");
    }
    const json = stringify(message);
    if (typeof json !== "string") throw new TypeErrorOfHost("The message cannot be written as JSON.");
    return request("send", json, (sent) => sent);
  };

  const { attempt, secrets } = parse(contextText);
  const context = { attempt, secrets, log, fetch, send };
  return {
    requests,
    invoke: (handler, argument) => handler(parse(argument), context),
    settle: (call, isOk, json) => {
      const { resolve, reject, error, toValue } = waiting[call];
      delete waiting[call];
      if (isOk) return resolve(toValue(parse(json)));
      error.message = parse(json);
      return reject(error);
    },
  };
})`;
