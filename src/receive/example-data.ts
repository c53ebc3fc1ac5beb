/**
 * Requests that providers could send, by the id of the row. Values that rows read (event type,
 * delivery id) are filled in by `example.ts`. `{id}`, `{iso}`, `{unix}`, `{ms}` and `{int}` stand
 * for an identifier, the time in three forms, and a whole number; alone in a text, the last three
 * become numbers. A text that begins with `base64:` is sent in base64.
 */
export interface Sample {
  /** The provider's most common event type; null if there is none. */
  readonly event: string | null;
  /** A JSON value, or the text of any other body. Missing: built from the row's expressions. */
  readonly body?: unknown;
  /** The fields of a URL-encoded form, instead of `body`. */
  readonly form?: Readonly<Record<string, string>>;
  /** Whether the form is sent as `multipart/form-data`. */
  readonly isMultipart?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
}

const ORDER = { id: "{id}", amount: 1099, currency: "eur", status: "paid" };

export const samples: Readonly<Record<string, Sample>> = {
  "generic-webhook": { event: null, body: { type: "order.paid", timestamp: "{iso}", data: ORDER } },
  "generic-hmac": { event: null, body: { type: "order.paid", timestamp: "{iso}", data: ORDER } },
  "standard-webhooks": { event: "order.paid", body: { timestamp: "{iso}", data: ORDER } },

  // Payments
  stripe: {
    event: "charge.succeeded",
    body: {
      id: "evt_{id}",
      object: "event",
      created: "{unix}",
      livemode: false,
      data: { object: { id: "ch_{id}", object: "charge", amount: 1099, currency: "eur", paid: true } },
    },
  },
  square: {
    event: "payment.updated",
    body: { merchant_id: "M{int}", event_id: "{id}", created_at: "{iso}", data: { type: "payment", object: ORDER } },
  },
  adyen: {
    event: "AUTHORISATION",
    body: {
      live: "false",
      notificationItems: [
        {
          NotificationRequestItem: {
            pspReference: "{id}",
            originalReference: "",
            merchantAccountCode: "TestMerchant",
            merchantReference: "Order-{int}",
            amount: { value: 1099, currency: "EUR" },
            eventDate: "{iso}",
            success: "true",
          },
        },
      ],
    },
  },
  "adyen-platform": { event: "balancePlatform.transfer.created", body: { data: { id: "T{id}", amount: 1099 } } },
  paddle: {
    event: "transaction.completed",
    body: { event_id: "evt_{id}", notification_id: "ntf_{id}", occurred_at: "{iso}", data: ORDER },
  },
  "lemon-squeezy": { event: "order_created", body: { meta: { event_name: "order_created" }, data: ORDER } },
  "coinbase-commerce": { event: "charge.confirmed", body: { id: "{int}", event: { id: "{id}", data: ORDER } } },
  razorpay: {
    event: "payment.captured",
    body: { entity: "event", created_at: "{unix}", payload: { payment: { entity: ORDER } } },
  },
  paystack: { event: "charge.success", body: { data: { id: "{int}", reference: "{id}", amount: 1099 } } },
  flutterwave: { event: "charge.completed", body: { webhook_id: "wbk_{id}", timestamp: "{ms}", data: ORDER } },
  "flutterwave-v3": { event: "charge.completed", body: { data: { id: "{int}", tx_ref: "{id}", amount: 1099 } } },
  braintree: {
    event: null,
    form: {
      bt_payload: "base64:<notification><timestamp>{iso}</timestamp><kind>check</kind><id>{id}</id></notification>\n",
    },
  },
  gocardless: {
    event: "payments.paid_out",
    body: {
      events: [{ id: "EV{id}", created_at: "{iso}", links: { payment: "PM1" } }],
      meta: { webhook_id: "WB{id}" },
    },
  },
  mollie: { event: "payment-link.paid", body: { resource: "event", id: "event_{id}", createdAt: "{iso}" } },
  "mollie-classic": { event: null, form: { id: "tr_{id}" } },
  xero: {
    event: "INVOICE.UPDATE",
    body: { events: [{ resourceId: "{id}", eventDateUtc: "{iso}" }], firstEventSequence: 1, lastEventSequence: 1 },
  },
  "intuit-quickbooks": {
    event: "Create",
    body: {
      eventNotifications: [
        { realmId: "{int}", dataChangeEvent: { entities: [{ name: "Invoice", id: "{int}", lastUpdated: "{iso}" }] } },
      ],
    },
  },
  "modern-treasury": { event: "payment_order.completed", body: { data: ORDER } },
  "mercado-pago": {
    event: "payment.payment.updated",
    body: { id: "{int}", live_mode: false, data: { id: "123456" } },
    query: "?data.id=123456&type=payment",
  },
  lithic: { event: "card_transaction.updated", body: { payload: ORDER } },
  brex: { event: "TRANSFER_PROCESSED", body: { transfer_id: "{id}", company_id: "cuacc_{id}" } },
  orb: { event: "invoice.issued", body: { id: "{id}", created_at: "{iso}", invoice: ORDER } },
  "checkout-com": { event: "payment_captured", body: { id: "evt_{id}", created_on: "{iso}", data: ORDER } },
  dwolla: { event: "customer_created", body: { id: "{id}", resourceId: "{id}", timestamp: "{iso}" } },
  chargebee: {
    event: "invoice_generated",
    body: { id: "ev_{id}", occurred_at: "{unix}", content: { invoice: ORDER } },
  },
  recurly: { event: "account.updated", body: { id: "{id}", event_time: "{iso}", account_code: "a{int}" } },
  "authorize-net": { event: "net.authorize.payment.authcapture.created", body: { eventDate: "{iso}", payload: ORDER } },
  airwallex: {
    event: "payment_intent.succeeded",
    body: { id: "evt_{id}", created_at: "{iso}", data: { object: ORDER } },
  },
  affirm: { event: "confirmed", body: { checkout_token: "{id}", event_timestamp: "{iso}" } },
  chargify: { event: "payment_success", form: { id: "{int}", "payload[transaction][id]": "{int}" } },
  primer: { event: "PAYMENT.STATUS", body: { date: "{iso}", payment: ORDER } },
  bolt: { event: "payment", body: { object: "transaction", data: ORDER } },
  revenuecat: { event: "INITIAL_PURCHASE", body: { api_version: "1.0", event: { id: "{id}", app_user_id: "u{int}" } } },
  "revenuecat-signed": { event: "RENEWAL", body: { api_version: "1.0", event: { id: "{id}", app_user_id: "u{int}" } } },
  fastspring: { event: "order.completed", body: { events: [{ id: "{id}", created: "{ms}", data: ORDER }] } },
  checkbook: { event: "CHECK.PAID", body: { id: "{id}" } },
  revolut: { event: "ORDER_COMPLETED", body: { order_id: "{id}", merchant_order_ext_ref: "Order-{int}" } },
  cashfree: { event: "PAYMENT_SUCCESS_WEBHOOK", body: { event_time: "{iso}", data: { order: ORDER } } },
  "zoho-payments": { event: "payment.succeeded", body: { event_time: "{unix}", event_object: { payment: ORDER } } },
  fintoc: { event: "payment_intent.succeeded", body: { id: "evt_{id}", object: "event", data: ORDER } },
  upayments: { event: null, body: { payment_id: "{id}", result: "CAPTURED" } },
  rutter: { event: "CONNECTION.CONNECTION_UPDATED", body: { event_id: "{id}", connection_id: "{id}" } },

  // Commerce
  shopify: {
    event: "orders.create",
    body: { id: "{int}", created_at: "{iso}", currency: "EUR", total_price: "10.99" },
    headers: { "X-Shopify-Shop-Domain": "example.myshopify.com", "X-Shopify-Event-Id": "{id}" },
  },
  woocommerce: { event: "order.created", body: { id: "{int}", status: "processing", total: "10.99" } },
  squarespace: { event: "order.create", body: { id: "{id}", createdOn: "{iso}", data: { orderId: "{id}" } } },
  webflow: { event: "form_submission", body: { payload: { id: "{id}", name: "Contact", submittedAt: "{iso}" } } },
  bigcommerce: {
    event: "store.order.created",
    body: { producer: "stores/abc", hash: "{id}", created_at: "{unix}", data: { type: "order", id: "{int}" } },
  },
  "bigcommerce-header": {
    event: "store.order.created",
    body: { producer: "stores/abc", hash: "{id}", created_at: "{unix}", data: { type: "order", id: "{int}" } },
  },
  easypost: { event: "tracker.updated", body: { id: "evt_{id}", object: "Event", created_at: "{iso}", result: ORDER } },
  shippo: { event: "track_updated", body: { test: true, data: { tracking_number: "{id}" } } },
  aftership: { event: "tracking_update", body: { event_id: "{id}", ts: "{unix}", msg: { tag: "InTransit" } } },
  onfleet: { event: "taskCompleted", body: { taskId: "{id}", time: "{ms}", triggerId: 3 } },
  "commerce-layer": { event: "orders.place", body: { data: { id: "{id}", type: "orders" } } },
  rewardful: {
    event: "referral.created",
    body: { object: { id: "{id}" }, event: { id: "{id}", created_at: "{iso}" } },
  },
  gumroad: { event: "sale", form: { sale_id: "{id}", price: "1099" } },

  // Code and infrastructure
  github: {
    event: "push",
    body: {
      ref: "refs/heads/main",
      after: "{id}",
      repository: { id: "{int}", full_name: "acme/shop" },
      pusher: { name: "zoe" },
    },
  },
  gitlab: {
    event: "Push.Hook",
    body: { object_kind: "push", checkout_sha: "{id}", ref: "refs/heads/main", project: { id: 1, name: "shop" } },
  },
  "gitlab-signed": {
    event: "Push.Hook",
    body: { object_kind: "push", checkout_sha: "{id}", ref: "refs/heads/main", project: { id: 1, name: "shop" } },
  },
  bitbucket: { event: "repo.push", body: { repository: { full_name: "acme/shop" }, push: { changes: [] } } },
  gitea: { event: "push", body: { ref: "refs/heads/main", after: "{id}", repository: { full_name: "acme/shop" } } },
  vercel: {
    event: "deployment.created",
    body: { id: "{id}", createdAt: "{ms}", payload: { deployment: { id: "dpl_{id}", name: "shop" } } },
  },
  netlify: { event: "deploy_created", body: { id: "{id}", state: "ready", name: "shop" } },
  heroku: { event: "api.release.create", body: { id: "{id}", created_at: "{iso}", data: { version: 42 } } },
  circleci: {
    event: "workflow-completed",
    body: { id: "{id}", happened_at: "{iso}", workflow: { status: "success" } },
  },
  buildkite: { event: "build.finished", body: { event: "build.finished", build: { id: "{id}", state: "passed" } } },
  "buildkite-token": {
    event: "build.finished",
    body: { event: "build.finished", build: { id: "{id}", state: "passed" } },
  },
  doppler: { event: "config.secrets.update", body: { id: "{id}", config: { name: "prd", project: "shop" } } },
  render: { event: "deploy_ended", body: { timestamp: "{iso}", data: { id: "evt-{id}", serviceName: "shop" } } },
  "supabase-auth-hooks": { event: null, body: { user: { id: "{id}", email: "zoe@example.com" } } },
  "supabase-database": { event: "INSERT.orders", body: { schema: "public", record: ORDER, old_record: null } },
  cloudflare: {
    event: "dos_attack_l7",
    body: { name: "Attack", text: "An attack was stopped.", ts: "{unix}", alert_correlation_id: "{id}" },
  },
  "cloudflare-stream": { event: "ready", body: { uid: "{id}", readyToStream: true, created: "{iso}" } },
  grafana: { event: "firing", body: { receiver: "ops", groupKey: "{id}", alerts: [{ status: "firing" }] } },
  alertmanager: { event: "firing", body: { version: "4", groupKey: "{id}", alerts: [{ status: "firing" }] } },
  sentry: {
    event: "issue.created",
    body: { data: { issue: { id: "{int}", title: "TypeError" } }, actor: { type: "user" } },
  },
  pagerduty: {
    event: "incident.triggered",
    body: { event: { id: "{id}", occurred_at: "{iso}", data: { title: "Down" } } },
  },
  launchdarkly: { event: "flag.updated the flag", body: { _id: "{id}", date: "{ms}", name: "New checkout" } },
  "aws-sns": { event: "Notification", body: { MessageId: "{id}", Message: "Hello", Timestamp: "{iso}" } },
  "azure-event-grid": {
    event: "Microsoft.Storage.BlobCreated",
    body: [{ id: "{id}", subject: "/blobs/a", eventTime: "{iso}", data: {}, dataVersion: "1" }],
  },
  "microsoft-graph": {
    event: "created.messages",
    body: { value: [{ subscriptionId: "{id}", resourceData: { id: "{id}" } }] },
  },
  "hugging-face": { event: "repo.update", body: { repo: { type: "model", name: "acme/shop", id: "{id}" } } },
  replicate: { event: "succeeded", body: { id: "{id}", completed_at: "{iso}", output: "Hello" } },
  openai: {
    event: "response.completed",
    body: { object: "event", id: "evt_{id}", created_at: "{unix}", data: { id: "resp_{id}" } },
  },
  anthropic: { event: "session.status_idled", body: { id: "{id}", created_at: "{iso}", data: { id: "{id}" } } },
  elevenlabs: {
    event: "post_call_transcription",
    body: { event_timestamp: "{unix}", data: { conversation_id: "{id}" } },
  },
  polar: { event: "order.created", body: { timestamp: "{iso}", data: ORDER } },
  svix: { event: "invoice.paid", body: { timestamp: "{iso}", data: ORDER } },
  clerk: { event: "user.created", body: { object: "event", data: { id: "user_{id}", created_at: "{ms}" } } },
  resend: {
    event: "email.delivered",
    body: { created_at: "{iso}", data: { email_id: "{id}", to: ["zoe@example.com"] } },
  },
  "mongodb-atlas": { event: "OUTSIDE_METRIC_THRESHOLD", body: { id: "{id}", created: "{iso}", status: "OPEN" } },
  dub: { event: "link.created", body: { id: "evt_{id}", createdAt: "{iso}", data: { id: "link_{id}" } } },
  npm: { event: "package.publish", body: { name: "shop", version: "1.0.0", hash: "{id}" } },
  cursor: { event: "statusChange", body: { id: "bc_{id}", status: "FINISHED", timestamp: "{iso}" } },
  snyk: { event: "project_snapshot.v0", body: { project: { id: "{id}", name: "acme/shop" }, newIssues: [] } },
  "port-io": { event: "CREATE", body: { resourceType: "run", status: "TRIGGERED", context: { runId: "r_{id}" } } },
  nango: { event: "sync", body: { connectionId: "{id}", model: "Contact", success: true } },
  tailscale: {
    event: "nodeCreated",
    body: [{ timestamp: "{iso}", version: 1, tailnet: "example.com", data: { nodeID: "{id}" } }],
  },
  logto: { event: "PostSignIn", body: { hookId: "{id}", createdAt: "{iso}", userId: "{id}" } },
  openclaw: { event: "finished", body: { jobId: "{id}", runAtMs: "{ms}", status: "ok" } },
  deepgram: { event: null, body: { metadata: { request_id: "{id}", duration: 12.5 }, results: { channels: [] } } },
  assemblyai: { event: "completed", body: { transcript_id: "{id}" } },
  datadog: { event: "metric_alert_monitor", body: { id: "{int}", title: "Disk full", date: "{ms}" } },
  "new-relic": { event: null, body: { issueId: "{id}", title: "Disk full", state: "ACTIVATED" } },
  cloudevents: {
    event: "com.example.order.paid",
    body: { id: "{id}", amount: 1099 },
    headers: { "ce-specversion": "1.0", "ce-time": "{iso}", "ce-source": "/orders", "ce-id": "{id}" },
  },

  // Work
  slack: {
    event: "message",
    body: {
      type: "event_callback",
      team_id: "T1",
      event_id: "Ev{id}",
      event_time: "{unix}",
      event: { channel: "C1", user: "U1", text: "Hello" },
    },
  },
  linear: {
    event: "Issue.create",
    body: { type: "Issue", webhookId: "{id}", createdAt: "{iso}", data: { id: "{id}", title: "Bug" } },
  },
  asana: { event: "changed.task", body: { events: [{ created_at: "{iso}", resource: { gid: "{int}" } }] } },
  trello: { event: "updateCard", body: { action: { id: "{id}", date: "{iso}" }, model: { id: "{id}" } } },
  jira: { event: "jira.issue_updated", body: { timestamp: "{ms}", issue: { id: "{int}", key: "SHOP-1" } } },
  notion: { event: "page.created", body: { id: "{id}", timestamp: "{iso}", entity: { id: "{id}", type: "page" } } },
  airtable: { event: null, body: { base: { id: "app{int}" }, webhook: { id: "ach{id}" }, timestamp: "{iso}" } },
  figma: {
    event: "FILE_UPDATE",
    body: { webhook_id: "{int}", file_key: "{id}", file_name: "Shop", timestamp: "{iso}" },
  },
  intercom: {
    event: "conversation.user.created",
    body: { type: "notification_event", id: "notif_{id}", created_at: "{unix}", data: {} },
  },
  zendesk: {
    event: "zen.event-type.ticket.created",
    body: { id: "{id}", time: "{iso}", detail: { id: "{int}", subject: "Help" } },
  },
  zoom: {
    event: "meeting.started",
    body: { event_ts: "{ms}", payload: { account_id: "a", object: { id: "{int}", topic: "Standup" } } },
  },
  hubspot: {
    event: "contact.creation",
    body: [{ eventId: "{int}", objectId: "{int}", occurredAt: "{ms}", portalId: 1 }],
  },
  typeform: {
    event: "form_response",
    body: { event_id: "{id}", form_response: { form_id: "lT4Z3j", submitted_at: "{iso}", answers: [] } },
  },
  calendly: {
    event: "invitee.created",
    body: { created_at: "{iso}", payload: { uri: "https://api.calendly.com/invitees/{id}" } },
  },
  "cal-com": { event: "BOOKING_CREATED", body: { createdAt: "{iso}", payload: { uid: "{id}", title: "Call" } } },
  clickup: { event: "taskCreated", body: { task_id: "{id}", webhook_id: "{id}", history_items: [] } },
  monday: {
    event: "create_pulse",
    body: { event: { pulseId: "{int}", pulseName: "Order", triggerTime: "{iso}", triggerUuid: "{id}" } },
  },
  smartsheet: {
    event: "updated",
    body: { nonce: "{id}", timestamp: "{iso}", events: [{ objectType: "row", id: "{int}" }] },
  },
  docusign: { event: "envelope-completed", body: { generatedDateTime: "{iso}", data: { envelopeId: "{id}" } } },
  dropbox: { event: null, body: { list_folder: { accounts: ["dbid:{id}"] }, delta: { users: ["{int}"] } } },
  "dropbox-sign": {
    event: "signature_request_sent",
    form: {
      json: '{"event":{"event_time":"{unix}"},"signature_request":{"signature_request_id":"{id}","title":"Offer"}}',
    },
    isMultipart: true,
  },
  box: {
    event: "FILE.UPLOADED",
    body: { type: "webhook_event", id: "{id}", created_at: "{iso}", source: { id: "{int}", name: "a.pdf" } },
  },
  contentful: {
    event: "ContentManagement.Entry.publish",
    body: { sys: { id: "{id}", type: "Entry", updatedAt: "{iso}" } },
  },
  sanity: { event: "update", body: { _id: "{id}", _type: "post", _updatedAt: "{iso}" } },
  "frame-io": { event: "asset.created", body: { resource: { id: "{id}", type: "asset" } } },
  mux: { event: "video.asset.ready", body: { id: "{id}", created_at: "{iso}", data: { id: "{id}", status: "ready" } } },
  transloadit: {
    event: "ASSEMBLY_COMPLETED",
    form: { transloadit: '{"assembly_id":"{id}","bytes_received":1099}' },
    isMultipart: true,
  },
  pusher: { event: "channel_occupied", body: { time_ms: "{ms}", events: [{ channel: "orders-{int}" }] } },
  ably: { event: "channel.message", body: { items: [{ webhookId: "{id}", timestamp: "{ms}", data: {} }] } },
  nylas: {
    event: "message.created",
    body: { specversion: "1.0", id: "{id}", time: "{unix}", data: { object: { subject: "Hello" } } },
  },
  deel: {
    event: "contract.created",
    body: { data: { meta: { organization_name: "Acme" }, resource: { id: "{id}" } }, timestamp: "{iso}" },
  },
  ashby: { event: "candidateHire", body: { data: { application: { id: "{id}" } } } },
  merge: { event: "Employee.changed", body: { linked_account: { id: "{id}" }, data: {} } },
  finch: { event: "account.updated", body: { company_id: "{id}", data: { status: "connected" } } },
  front: {
    event: "inbound_received",
    body: { authorization: { id: "cmp_1" }, payload: { id: "evt_{id}", emitted_at: "{unix}" } },
  },
  "front-rules": {
    event: "inbound",
    body: { id: "evt_{id}", emitted_at: "{unix}", conversation: { id: "cnv_{int}" } },
  },
  "microsoft-teams": {
    event: "message",
    body: { id: "{ms}{int}", timestamp: "{iso}", text: "<at>Orders</at> status", from: { name: "Zoe" } },
  },
  tally: {
    event: "FORM_RESPONSE",
    body: { eventId: "{id}", createdAt: "{iso}", data: { formId: "VwbNEw", fields: [] } },
  },
  attio: { event: "record.created", body: { webhook_id: "{id}", events: [{ id: { record_id: "{id}" } }] } },
  "help-scout": { event: "convo.created", body: { id: "{int}", subject: "Help", createdAt: "{iso}" } },
  framer: { event: null, body: { name: "Zoe", email: "zoe@example.com" } },
  cronofy: { event: "change", body: { notification: { changes_since: "{iso}" }, channel: { channel_id: "chn_{id}" } } },
  "autodesk-aps": {
    event: "dm.version.added",
    body: { version: "1.0", hook: { hookId: "{id}" }, payload: { name: "plan.dwg" } },
  },
  crisp: { event: "message.send", body: { website_id: "{id}", timestamp: "{ms}", data: { content: "Hello" } } },
  "panda-doc": { event: "document_state_changed", body: [{ data: { id: "{id}", status: "document.completed" } }] },
  acuity: { event: "scheduled", form: { id: "{int}", calendarID: "1", appointmentTypeID: "1" } },
  savvycal: { event: "event.created", body: { id: "wh_{id}", occurred_at: "{iso}", payload: { summary: "Call" } } },
  close: { event: "lead.created", body: { event: { id: "ev_{id}", date_created: "{iso}", data: { name: "Acme" } } } },
  chatwoot: { event: "message_created", body: { id: "{int}", content: "Hello", created_at: "{iso}" } },
  pipedrive: {
    event: "updated.deal",
    body: { meta: { id: "{int}", timestamp: "{unix}" }, current: { title: "Order" } },
  },
  "google-calendar": {
    event: "exists",
    body: "",
    headers: { "X-Goog-Resource-ID": "{id}", "X-Goog-Channel-ID": "{id}", "X-Goog-Message-Number": "{int}" },
  },
  "google-drive": {
    event: "update",
    body: "",
    headers: { "X-Goog-Resource-ID": "{id}", "X-Goog-Channel-ID": "{id}", "X-Goog-Message-Number": "{int}" },
  },
  livechat: { event: "incoming_chat", body: { webhook_id: "{id}", payload: { chat: { id: "{id}" } } } },
  zapier: { event: null, body: { id: "{id}", name: "Zoe" } },
  fillout: { event: null, body: { submission: { submissionId: "{id}", submissionTime: "{iso}", questions: [] } } },
  jotform: { event: null, form: { formID: "{int}", submissionID: "{int}", formTitle: "Contact" } },
  "adobe-sign": {
    event: "AGREEMENT_CREATED",
    body: { webhookNotificationId: "{id}", eventDate: "{iso}", agreement: { id: "{id}" } },
  },

  // Messages, calls, campaigns
  twilio: {
    event: null,
    form: { MessageSid: "SM{id}", From: "+14158675309", To: "+18005551212", SmsStatus: "received", Body: "Hello" },
    headers: { "I-Twilio-Idempotency-Token": "{id}" },
  },
  mailgun: {
    event: "delivered",
    body: { signature: {}, "event-data": { id: "{id}", timestamp: "{unix}", recipient: "zoe@example.com" } },
  },
  mandrill: {
    event: "send",
    form: { mandrill_events: '[{"event":"send","_id":"{id}","msg":{"email":"zoe@example.com"}}]' },
  },
  postmark: { event: "Delivery", body: { MessageID: "{id}", Recipient: "zoe@example.com", DeliveredAt: "{iso}" } },
  "customer-io": {
    event: "email.opened",
    body: { event_id: "{id}", timestamp: "{unix}", data: { recipient: "zoe@example.com" } },
  },
  segment: {
    event: "track",
    body: { messageId: "{id}", event: "Order Completed", timestamp: "{iso}", properties: { total: 10.99 } },
  },
  "twitter-x": { event: "tweet_create_events", body: { for_user_id: "1" } },
  meta: {
    event: "whatsapp_business_account.messages",
    body: { entry: [{ id: "{int}", time: "{unix}", changes: [{ value: { id: "{id}" } }] }] },
  },
  line: {
    event: "message",
    body: {
      destination: "U1",
      events: [{ webhookEventId: "{id}", timestamp: "{ms}", message: { type: "text", text: "Hello" } }],
    },
  },
  telegram: { event: "message", body: { update_id: "{int}" } },
  tiktok: {
    event: "post.publish.complete",
    body: { client_key: "k", create_time: "{unix}", content: '{"publish_id":"{id}"}' },
  },
  websub: {
    event: null,
    body: '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><entry><id>yt:video:{id}</id><title>New</title></entry></feed>',
    headers: { "content-type": "application/atom+xml" },
  },
  twitch: {
    event: "stream.online",
    body: { subscription: { id: "{id}" }, event: { broadcaster_user_id: "{int}", started_at: "{iso}" } },
    headers: { "Twitch-Eventsub-Message-Type": "notification" },
  },
  linkedin: {
    event: "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS",
    body: { notificationId: "{int}", lastModifiedAt: "{ms}" },
  },
  vonage: { event: null, body: { message_uuid: "{id}", from: "447700900000", timestamp: "{iso}", text: "Hello" } },
  messagebird: { event: null, body: { id: "{id}", originator: "31612345678", body: "Hello" } },
  plivo: { event: null, form: { CallUUID: "{id}", From: "14158675309", To: "18005551212", Event: "StartApp" } },
  livekit: {
    event: "room_started",
    body: { id: "EV_{id}", createdAt: "{unix}", room: { sid: "RM_{id}", name: "standup" } },
  },
  klaviyo: {
    event: "event.klaviyo.email_delivered",
    body: { data: [{ external_id: "{id}", payload: { data: { type: "event" } } }], meta: { timestamp: "{iso}" } },
  },
  sinch: {
    event: null,
    body: {
      app_id: "{id}",
      accepted_time: "{iso}",
      message: { direction: "TO_APP", contact_message: { text_message: { text: "Hello" } } },
    },
  },
  knock: { event: "message.delivered", body: { created_at: "{iso}", data: { id: "{id}" } } },
  airship: { event: null, body: { push_id: "{id}", occurred: "{iso}" } },
  lob: { event: "postcard.created", body: { id: "evt_{id}", date_created: "{iso}", body: { id: "psc_{id}" } } },
  webex: { event: "messages.created", body: { id: "{id}", name: "Orders", data: { id: "{id}", roomId: "r1" } } },
  sendbird: {
    event: "group_channel.message_send",
    body: { app_id: "{id}", payload: { message_id: "{int}", message: "Hello" } },
  },
  daily: {
    event: "meeting.started",
    body: { id: "{id}", version: "1.0.0", event_ts: "{unix}", payload: { room: "standup" } },
  },
  whereby: { event: "room.client.joined", body: { id: "{id}", createdAt: "{iso}", data: { meetingId: "{int}" } } },
  retell: { event: "call_ended", body: { call: { call_id: "{id}", end_timestamp: "{ms}" } } },
  bland: { event: null, body: { call_id: "{id}", completed: true, created_at: "{iso}" } },
  vapi: { event: "end-of-call-report", body: { message: { timestamp: "{ms}", call: { id: "{id}" } } } },
  "vapi-secret": { event: "end-of-call-report", body: { message: { timestamp: "{ms}", call: { id: "{id}" } } } },
  ringcentral: {
    event: "restapi.v1.0.account.presence",
    body: { uuid: "{id}", timestamp: "{iso}", body: { extensionId: "{int}" } },
  },
  bandwidth: {
    event: "message-received",
    body: [{ time: "{iso}", to: "+12345678902", message: { id: "{id}", text: "Hello" } }],
  },
  surge: {
    event: "message.received",
    body: { id: "evt_{id}", timestamp: "{iso}", data: { id: "msg_{id}", body: "Hello" } },
  },
  aircall: { event: "call.created", body: { resource: "call", timestamp: "{unix}", data: { id: "{int}" } } },
  mailchimp: { event: "subscribe", form: { fired_at: "{iso}", "data[id]": "{id}", "data[email]": "zoe@example.com" } },
  brevo: { event: "delivered", body: { id: "{int}", email: "zoe@example.com", "message-id": "{id}", ts: "{unix}" } },
  sparkpost: {
    event: null,
    body: [{ msys: { message_event: { type: "delivery", event_id: "{id}", timestamp: "{unix}" } } }],
  },
  mixpanel: {
    event: "members",
    body: { parameters: { mixpanel_cohort_id: "{int}", mixpanel_session_id: "{id}", members: [] } },
  },

  // Identity
  okta: {
    event: "user.session.start",
    body: {
      eventType: "com.okta.event_hook",
      eventId: "{id}",
      eventTime: "{iso}",
      data: { events: [{ uuid: "{id}" }] },
    },
  },
  workos: { event: "user.created", body: { id: "event_{id}", created_at: "{iso}", data: { id: "user_{id}" } } },
  auth0: { event: "s", body: [{ log_id: "{id}", data: { date: "{iso}", user_id: "auth0|{int}" } }] },
  persona: {
    event: "inquiry.approved",
    body: { data: { type: "event", id: "evt_{id}", attributes: { "created-at": "{iso}" } } },
  },
  checkr: {
    event: "report.completed",
    body: { id: "{id}", object: "event", created_at: "{iso}", data: { object: { id: "{id}" } } },
  },
  onfido: {
    event: "check.check.completed",
    body: { payload: { object: { id: "{id}", status: "complete", completed_at_iso8601: "{iso}" } } },
  },
  fitbit: {
    event: "activities",
    body: [{ date: "2025-11-24", ownerId: "{id}", ownerType: "user", subscriptionId: "1" }],
  },
  strava: {
    event: "activity.create",
    body: { object_id: "{int}", owner_id: 1, event_time: "{unix}", subscription_id: 1 },
  },
  veriff: { event: "submitted", body: { id: "{id}", attemptId: "{id}", feature: "selfid", code: 7002 } },
  fusionauth: {
    event: "user.create.complete",
    body: { event: { id: "{id}", createInstant: "{ms}", user: { email: "zoe@example.com" } } },
  },
  vgs: { event: "cmp_au_card.updated", body: { id: "evt_{id}", occurred_at: "{iso}", data: { card_id: "{id}" } } },
};
