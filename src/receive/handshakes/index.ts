/** The handshakes by the names that the provider table uses. */
import { asana, notion } from "./capture.ts";
import {
  azureValidation,
  cloudEvents,
  echoParameter,
  emptyGet,
  head,
  monday,
  okta,
  ringcentral,
  smartsheet,
  woocommerce,
} from "./echo.ts";
import { adobeSign, fitbit, meta, strava, websub } from "./expected.ts";
import type { HandshakeRule } from "./handshake.ts";
import { braintree, ebay, linkedin, x } from "./keyed.ts";
import { discord, front, slack, sns, twitch, xero, zoom } from "./signed.ts";

export const handshakes = {
  "adobe-sign-client-id": adobeSign,
  "asana-hook-secret": asana,
  "azure-validation": azureValidation,
  "braintree-challenge": braintree,
  "cloudevents-origin": cloudEvents,
  "discord-ping": discord,
  "dropbox-challenge": echoParameter("challenge"),
  "ebay-challenge": ebay,
  "fitbit-verify": fitbit,
  "front-challenge": front,
  "get-200": emptyGet,
  "graph-validation-token": echoParameter("validationToken", "POST"),
  "head-200": head,
  "linkedin-challenge": linkedin,
  "meta-hub-challenge": meta,
  "monday-challenge": monday,
  "notion-verification-token": notion,
  "nylas-challenge": echoParameter("challenge"),
  "onfleet-check": echoParameter("check"),
  "okta-challenge": okta,
  "ringcentral-validation-token": ringcentral,
  "slack-url-verification": slack,
  "smartsheet-challenge": smartsheet,
  "sns-confirmation": sns,
  "strava-challenge": strava,
  "twitch-challenge": twitch,
  "websub-challenge": websub,
  "woocommerce-ping": woocommerce,
  "x-crc": x,
  "xero-intent": xero,
  "zoom-url-validation": zoom,
} as const satisfies Readonly<Record<string, HandshakeRule>>;

export type HandshakeName = keyof typeof handshakes;

export type { HandshakeInput, HandshakeRule, HandshakeSource } from "./handshake.ts";
