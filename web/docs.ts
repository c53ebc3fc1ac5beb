import "./docs.css";

/**
 * Starts Swagger UI on the API page. It loads nothing from other hosts: the validator badge and the
 * query parameters that select another document are disabled, and the stylesheet uses no web fonts.
 */

interface SwaggerUi {
  (options: Record<string, unknown>): unknown;
  readonly presets: { readonly apis: unknown };
}

declare const SwaggerUIBundle: SwaggerUi;

const dark = matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followScheme);
followScheme();

SwaggerUIBundle({
  // Relative, because a proxy may serve the page below a prefix.
  url: `${location.pathname.replace(/\/docs\/?$/, "")}/docs/json`,
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  validatorUrl: null,
  queryConfigEnabled: false,
  persistAuthorization: false,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
});
