import { setServers } from "node:dns";
import { testNameServer } from "./binary.ts";

/** Runs before all tests, so that lookups in the process of the tests stay on this machine too. */
setServers([(await testNameServer()).address]);
