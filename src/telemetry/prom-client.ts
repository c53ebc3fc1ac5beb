/**
 * The classes of `prom-client` that metrics use. The entry point of the package also loads a client
 * that pushes metrics, and with it the HTTP modules of Node, which a server would otherwise not need.
 */
import Counter from "prom-client/lib/counter.js";
import Gauge from "prom-client/lib/gauge.js";
import Histogram from "prom-client/lib/histogram.js";
import Registry from "prom-client/lib/registry.js";

export { Counter, Gauge, Histogram, Registry };
