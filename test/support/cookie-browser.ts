/** A page that a request ended at. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly text: string;
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly header: string;
}

const REDIRECTS_MAX = 10;

/** Follows redirects and keeps the cookies of each origin, as a browser does. */
export class CookieBrowser {
  readonly #cookies = new Map<string, Map<string, Cookie>>();
  /** The addresses of all requests so far. */
  readonly visited: string[] = [];

  get(url: string): Promise<Page> {
    return this.#request(url, {});
  }

  post(url: string, fields: Readonly<Record<string, string>>): Promise<Page> {
    return this.#request(url, { method: "POST", body: new URLSearchParams(fields) });
  }

  /** Returns the `Cookie` header for an address. */
  cookiesFor(url: string): string {
    const { origin, pathname } = new URL(url);
    const own = [...(this.#cookies.get(origin)?.values() ?? [])].filter(({ path }) => pathname.startsWith(path));
    return own.map(({ name, value }) => `${name}=${value}`).join("; ");
  }

  /** Returns the `Set-Cookie` headers of the cookies that an origin has set and not deleted. */
  headersOf(origin: string): string[] {
    return [...(this.#cookies.get(origin)?.values() ?? [])].map(({ header }) => header);
  }

  clear(origin: string): void {
    this.#cookies.delete(origin);
  }

  async #request(url: string, init: RequestInit): Promise<Page> {
    let [at, request] = [new URL(url), init];
    for (let i = 0; i < REDIRECTS_MAX; i++) {
      this.visited.push(at.href);
      const headers = { cookie: this.cookiesFor(at.href), accept: "text/html" };
      const response = await fetch(at, { ...request, headers, redirect: "manual" });
      for (const header of response.headers.getSetCookie()) this.#keep(at.origin, header);
      const location = response.headers.get("location");
      const text = await response.text();
      if (location === null) return { url: at, status: response.status, text };
      at = new URL(location, at);
      request = {};
    }
    throw new Error(`Too many redirects: ${this.visited.slice(-REDIRECTS_MAX).join(" → ")}`);
  }

  #keep(origin: string, header: string): void {
    const [pair = "", ...attributes] = header.split(";").map((part) => part.trim());
    const at = pair.indexOf("=");
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    const path = attributes.find((one) => /^path=/i.test(one))?.slice("path=".length) ?? "/";
    const own = this.#cookies.get(origin) ?? new Map<string, Cookie>();
    this.#cookies.set(origin, own);
    const key = `${name} ${path}`;
    if (value === "" || attributes.some((one) => /^max-age=0$/i.test(one))) own.delete(key);
    else own.set(key, { name, value, path, header });
  }
}
