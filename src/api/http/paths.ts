import { pathOf } from "./request-target.ts";

/** The methods that each path allows, for 405 responses. */
export interface Paths {
  /** Returns the methods for a path, or an empty list if the path does not exist. */
  methodsAt(url: string): readonly string[];
}

export function pathsOf(routes: ReadonlyArray<{ readonly method: string; readonly path: string }>): Paths {
  const known = routes.map(({ method, path }) => ({ method, pattern: patternOf(path) }));
  return {
    methodsAt(url) {
      const path = pathOf(url);
      const methods = known.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
      return [...new Set(methods)].sort();
    },
  };
}

/**
 * Returns a pattern for a path with parameters. For example, `/app/:id` matches `/app/anything`,
 * with or without a trailing slash.
 */
function patternOf(path: string): RegExp {
  const escaped = path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/:[^/]+/g, "[^/]+");
  return new RegExp(`^${escaped.replace(/\/$/, "")}/?$`);
}
