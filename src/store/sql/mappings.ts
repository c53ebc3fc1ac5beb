import { applicationFields } from "../../core/resources/application.ts";
import { environmentFields } from "../../core/resources/environment.ts";
import { eventTypeFields } from "../../core/resources/event-type.ts";
import { payloadVersionFields } from "../../core/resources/payload-version.ts";
import { tokenFields } from "../../core/resources/token.ts";
import { mappingOf } from "./mapping.ts";

export const environmentMapping = mappingOf("environment", environmentFields);
export const applicationMapping = mappingOf("application", applicationFields);
export const eventTypeMapping = mappingOf("event_type", eventTypeFields);
export const payloadVersionMapping = mappingOf("payload_version", payloadVersionFields);
export const tokenMapping = mappingOf("token", tokenFields);
