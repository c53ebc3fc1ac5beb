import "./docs.css";
import { partFor } from "./docs-part.ts";

/**
 * Starts Swagger UI on the API page. It loads nothing from other hosts: the validator badge and the
 * query parameters that select another document are disabled, and the stylesheet uses no web fonts.
 */

interface SwaggerUi {
  (options: Record<string, unknown>): unknown;
  readonly presets: { readonly apis: unknown };
}

declare const SwaggerUIBundle: SwaggerUi;

interface SwaggerRequest {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly loadSpec?: boolean;
}

// A proxy may serve the page below a prefix.
const base = location.pathname.replace(/\/docs\/?$/, "");

/**
 * Adds the CSRF token of the browser's session to a request without a token. The session is read for
 * every change, because another tab may have logged in again.
 */
async function withSession(request: SwaggerRequest): Promise<SwaggerRequest> {
  const { method = "GET", headers = {}, loadSpec } = request;
  const isChange = !/^(get|head)$/i.test(method);
  if (loadSpec || !isChange || Object.keys(headers).some((name) => name.toLowerCase() === "authorization"))
    return request;
  const response = await fetch(`${base}/api/v1/session`);
  if (!response.ok) return request;
  const { csrf } = (await response.json()) as { readonly csrf: string };
  return { ...request, headers: { ...headers, "boathook-csrf": csrf } };
}

type ResolveSubtree = (document: never, place: readonly string[], options: unknown) => Promise<unknown>;

/**
 * Gives the resolver only the part of the document that it needs. For each opened operation it
 * normalizes all that it gets, which takes seconds for the whole document.
 */
const resolvesParts = ({ fn }: { readonly fn: { readonly resolveSubtree: ResolveSubtree } }) => {
  const { resolveSubtree } = fn;
  const resolvePart: ResolveSubtree = (document, place, options) =>
    resolveSubtree(partFor(document, place) as never, place, options);
  return { fn: { resolveSubtree: resolvePart } };
};

const dark = matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followScheme);
followScheme();

SwaggerUIBundle({
  url: `${base}/docs/json`,
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [resolvesParts],
  layout: "BaseLayout",
  validatorUrl: null,
  queryConfigEnabled: false,
  persistAuthorization: false,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  requestInterceptor: withSession,
});
