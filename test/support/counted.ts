/** Returns a copy of a JSON value that counts how often any part of it is read. */
export function counted(value: unknown): { readonly value: unknown; readonly reads: () => number } {
  let reads = 0;
  const proxies = new WeakMap<object, object>();
  const handler: ProxyHandler<object> = {
    get(target, name) {
      reads++;
      return typeof name === "symbol" ? Reflect.get(target, name) : wrapped(Reflect.get(target, name));
    },
    has(target, name) {
      reads++;
      return Reflect.has(target, name);
    },
    ownKeys(target) {
      const names = Reflect.ownKeys(target);
      reads += names.length;
      return names;
    },
    getOwnPropertyDescriptor(target, name) {
      reads++;
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
  };
  const wrapped = (inner: unknown): unknown => {
    if (typeof inner !== "object" || inner === null) return inner;
    let proxy = proxies.get(inner);
    if (proxy === undefined) {
      proxy = new Proxy(inner, handler);
      proxies.set(inner, proxy);
    }
    return proxy;
  };
  return { value: wrapped(value), reads: () => reads };
}
