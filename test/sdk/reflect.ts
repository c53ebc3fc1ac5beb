import * as svix from "svix";
import * as svix1 from "svix1";

/** Reads the methods of the SDKs from the classes of the installed packages. */

export type Version = "1.x" | "2.x";

/**
 * Returns every method of a version: those of the client as `resource.method`, those of other
 * classes as `Class#method`.
 */
export function methodsOf(version: Version): string[] {
  const [module, client] = version === "2.x" ? [svix, new svix.Svix("token")] : [svix1, new svix1.Svix("token")];
  return [...methodsOfClient(client), ...methodsOfClasses(module)].sort();
}

/**
 * Follows the getters of a client to its resources, and those of a resource to nested resources.
 */
function methodsOfClient(node: object, path = ""): string[] {
  return members(Object.getPrototypeOf(node)).flatMap(([name, { get }]) =>
    get === undefined ? [path + name] : methodsOfClient(get.call(node), `${path}${name}.`),
  );
}

/**
 * Returns the methods of exported classes, except errors. Models are plain objects and have none.
 */
function methodsOfClasses(module: object): string[] {
  return Object.entries(module).flatMap(([name, value]) => {
    if (typeof value !== "function" || name === "Svix" || value.prototype instanceof Error) return [];
    return members(value.prototype ?? {}).map(([method]) => `${name}#${method}`);
  });
}

function members(prototype: object): [string, PropertyDescriptor][] {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype)).filter(([name]) => name !== "constructor");
}
