import { InvalidArgumentError, Option } from "commander";

/** The option with the URL of the local server. */
export function forwardOption(): Option {
  return new Option("--forward-to <url>", "URL of the local server, such as http://localhost:3000/webhooks").argParser(
    (text) => {
      const url = localUrl(text);
      if (url === null) throw new InvalidArgumentError("Must be a URL such as http://localhost:3000/webhooks.");
      return url;
    },
  );
}

/** Returns the URL of a local server, whose scheme may be missing. Returns null for any other text. */
function localUrl(text: string): string | null {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  return url !== null && /^https?:$/.test(url.protocol) && url.hash === "" ? url.href : null;
}
