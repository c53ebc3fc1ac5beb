//! The round trip with the Rust SDK. Prints one line per step and stops at the first failure.

use std::{
    collections::BTreeMap, collections::BTreeSet, env, fmt::Debug, fs, path::Path, time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::json;
use svix::api::*;
use svix::models::*;
use svix::{Error, Webhook};
use tokio::time::{Instant, sleep};

const DELIVERY_TIMEOUT: Duration = Duration::from_secs(20);
const ENDPOINT: &str = "endpoint";

/// The steps in the order in which `Trip::run` runs them.
const STEPS: [&str; 14] = [
    "applications: create, get_or_create, get, list, upsert, patch, delete",
    "event types: create, get, list, upsert",
    "endpoints: create, get, list, patch, upsert",
    "endpoint headers: get, set, patch",
    "endpoint secret: get, rotate",
    "messages: create (twice with one idempotency key), get, list",
    "delivery: received and verified",
    "attempts: get, lists, resend, endpoint stats",
    "errors: 404, 409, 422",
    "app portal access",
    "operational webhook endpoints: create, get, list, delete",
    "background tasks: list",
    "ingest: sources and their endpoints",
    "deletion of endpoint and application",
];

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

struct Trip {
    svix: Svix,
    receiver_url: String,
    app: String,
    event_type: String,
}

#[derive(Deserialize)]
struct Received {
    headers: BTreeMap<String, String>,
    body: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let trip = Trip::new();
    let mut step = 0;
    if let Err(error) = trip.run(&mut step).await {
        println!("FAILED  {}: {error}", STEPS[step]);
        std::process::exit(1);
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

fn client(token: String) -> Svix {
    let server_url = Some(variable("SERVER_URL"));
    Svix::new(
        token,
        Some(SvixOptions {
            server_url,
            ..Default::default()
        }),
    )
}

fn equal<T: PartialEq + Debug>(got: T, wanted: T) -> Outcome {
    if got == wanted {
        Ok(())
    } else {
        Err(format!("got {got:?}, expected {wanted:?}").into())
    }
}

/// Checks that the call fails with the SDK's own error with this status.
fn refused<T>(result: svix::Result<T>, status: u16) -> Outcome {
    match result {
        Ok(_) => Err(format!("expected an error with status {status}").into()),
        Err(Error::Http(content)) => equal(content.status.as_u16(), status),
        Err(Error::Validation(content)) if content.payload.is_some() => equal(422, status),
        Err(error) => Err(error.into()),
    }
}

fn names<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

fn set(item: &str) -> Option<BTreeSet<String>> {
    Some([item.to_owned()].into())
}

impl Trip {
    fn new() -> Self {
        let run = uuid::Uuid::new_v4().simple();
        Self {
            svix: client(variable("SERVER_TOKEN")),
            receiver_url: variable("RECEIVER_URL"),
            app: format!("rust-{run}"),
            event_type: format!("rust.{run}"),
        }
    }

    fn app(&self) -> String {
        self.app.clone()
    }

    fn app_in(&self, name: &str) -> ApplicationIn {
        ApplicationIn {
            uid: Some(self.app()),
            ..ApplicationIn::new(name.into())
        }
    }

    /// On failure, `step` contains the index of the failed step.
    async fn run(&self, step: &mut usize) -> Outcome {
        let mut passed = || {
            println!("passed  {}", STEPS[*step]);
            *step += 1;
        };
        self.applications().await?;
        passed();
        self.event_types().await?;
        passed();
        self.endpoints().await?;
        passed();
        self.endpoint_headers().await?;
        passed();
        self.endpoint_secret().await?;
        passed();
        self.messages().await?;
        passed();
        self.delivery().await?;
        passed();
        self.attempts().await?;
        passed();
        self.errors().await?;
        passed();
        self.portal_access().await?;
        passed();
        self.operational_webhooks().await?;
        passed();
        self.svix.background_task().list(None).await?;
        passed();
        self.ingest().await?;
        passed();
        self.deletion().await?;
        passed();
        Ok(())
    }

    async fn applications(&self) -> Outcome {
        let applications = self.svix.application();
        let made = applications.create(self.app_in("Made"), None).await?;
        equal(
            &applications
                .get_or_create(self.app_in("Other"), None)
                .await?
                .id,
            &made.id,
        )?;
        equal(applications.get(self.app()).await?.name, "Made".into())?;
        let options = ApplicationListOptions {
            limit: Some(250),
            ..Default::default()
        };
        let page = applications.list(Some(options)).await?;
        equal(page.data.iter().any(|item| item.id == made.id), true)?;
        equal(
            applications
                .upsert(self.app(), self.app_in("Changed"))
                .await?
                .name,
            "Changed".into(),
        )?;
        let patch = ApplicationPatch {
            name: Some("Patched".into()),
            ..Default::default()
        };
        equal(
            applications.patch(self.app(), patch).await?.name,
            "Patched".into(),
        )?;
        let other = applications
            .create(ApplicationIn::new("Other".into()), None)
            .await?;
        applications.delete(other.id.clone()).await?;
        refused(applications.get(other.id).await, 404)
    }

    async fn event_types(&self) -> Outcome {
        let event_types = self.svix.event_type();
        let name = self.event_type.clone();
        event_types
            .create(EventTypeIn::new(name.clone(), "Made".into()), None)
            .await?;
        let options = EventTypeListOptions {
            limit: Some(250),
            ..Default::default()
        };
        let page = event_types.list(Some(options)).await?;
        equal(page.data.iter().any(|item| item.name == name), true)?;
        event_types
            .upsert(name.clone(), EventTypeUpsertIn::new("Changed".into()))
            .await?;
        equal(event_types.get(name).await?.description, "Changed".into())
    }

    async fn endpoints(&self) -> Outcome {
        let endpoints = self.svix.endpoint();
        let wanted = EndpointIn {
            uid: Some(ENDPOINT.into()),
            channels: set("c"),
            ..EndpointIn::new(self.receiver_url.clone())
        };
        let made = endpoints.create(self.app(), wanted, None).await?;
        equal(
            endpoints.get(self.app(), ENDPOINT.into()).await?.id,
            made.id.clone(),
        )?;
        equal(endpoints.list(self.app(), None).await?.data.len(), 1)?;
        let patch = EndpointPatch {
            description: Some("Patched".into()),
            channels: js_option::JsOption::Null,
            ..Default::default()
        };
        let patched = endpoints.patch(self.app(), ENDPOINT.into(), patch).await?;
        equal(
            (patched.description.as_str(), patched.channels),
            ("Patched", None),
        )?;
        let wanted = EndpointUpsertIn {
            uid: Some(ENDPOINT.into()),
            event_types: set(&self.event_type),
            ..EndpointUpsertIn::new(self.receiver_url.clone())
        };
        let changed = endpoints
            .upsert(self.app(), ENDPOINT.into(), wanted)
            .await?;
        equal(
            (changed.id, changed.event_types),
            (made.id, set(&self.event_type)),
        )
    }

    async fn endpoint_headers(&self) -> Outcome {
        let endpoints = self.svix.endpoint();
        let headers = EndpointHeadersIn::new(names([("X-One", "1"), ("X-Two", "2")]));
        endpoints
            .set_headers(self.app(), ENDPOINT.into(), headers)
            .await?;
        let changes = EndpointHeadersPatchIn {
            delete_headers: Some(vec!["X-Two".into()]),
            ..EndpointHeadersPatchIn::new(names([("X-Three", "3")]))
        };
        endpoints
            .patch_headers(self.app(), ENDPOINT.into(), changes)
            .await?;
        let got = endpoints
            .get_headers(self.app(), ENDPOINT.into())
            .await?
            .headers;
        equal(got, names([("X-One", "1"), ("X-Three", "3")]))
    }

    async fn secret(&self) -> Outcome<String> {
        Ok(self
            .svix
            .endpoint()
            .get_secret(self.app(), ENDPOINT.into())
            .await?
            .key)
    }

    async fn endpoint_secret(&self) -> Outcome {
        let before = self.secret().await?;
        let rotation = EndpointSecretRotateIn::new();
        let rotated = self
            .svix
            .endpoint()
            .rotate_secret(self.app(), ENDPOINT.into(), rotation, None)
            .await?;
        equal(&rotated.key, &self.secret().await?)?;
        equal(rotated.key == before, false)
    }

    fn message_in(&self) -> MessageIn {
        MessageIn {
            event_id: Some("event".into()),
            tags: set("t"),
            ..MessageIn::new(self.event_type.clone(), json!({"id": "event"}))
        }
    }

    async fn messages(&self) -> Outcome {
        let messages = self.svix.message();
        let once = || MessageCreateOptions {
            idempotency_key: Some(format!("key-{}", self.app)),
            ..Default::default()
        };
        let made = messages
            .create(self.app(), self.message_in(), Some(once()))
            .await?;
        equal(
            &messages
                .create(self.app(), self.message_in(), Some(once()))
                .await?
                .id,
            &made.id,
        )?;
        let options = MessageGetOptions {
            with_content: Some(true),
        };
        let found = messages
            .get(self.app(), "event".into(), Some(options))
            .await?;
        equal(
            (&found.id, found.payload),
            (&made.id, json!({"id": "event"})),
        )?;
        let options = MessageListOptions {
            event_types: set(&self.event_type),
            tag: Some("t".into()),
            ..Default::default()
        };
        let page = messages.list(self.app(), Some(options)).await?;
        equal(
            page.data.iter().map(|item| &item.id).collect(),
            vec![&made.id],
        )
    }

    async fn attempts_of_message(&self) -> Outcome<Vec<MessageAttemptOut>> {
        Ok(self
            .svix
            .message_attempt()
            .list_by_msg(self.app(), "event".into(), None)
            .await?
            .data)
    }

    /// Waits until `count` attempts have succeeded and returns all attempts, newest first.
    async fn succeeded(&self, count: usize) -> Outcome<Vec<MessageAttemptOut>> {
        let until = Instant::now() + DELIVERY_TIMEOUT;
        while Instant::now() < until {
            let attempts = self.attempts_of_message().await?;
            let succeeded = attempts
                .iter()
                .filter(|item| item.status == MessageStatus::Success);
            if succeeded.count() == count {
                return Ok(attempts);
            }
            sleep(Duration::from_millis(20)).await;
        }
        Err(format!("no {count} successful attempts after {DELIVERY_TIMEOUT:?}").into())
    }

    async fn delivery(&self) -> Outcome {
        self.succeeded(1).await?;
        let message = self
            .svix
            .message()
            .get(self.app(), "event".into(), None)
            .await?;
        let file = Path::new(&variable("RECEIVED_DIR")).join(format!("{}.json", message.id));
        let received: Received = serde_json::from_str(&fs::read_to_string(file)?)?;
        let mut headers = HeaderMap::new();
        for (name, value) in &received.headers {
            headers.insert(
                HeaderName::from_bytes(name.as_bytes())?,
                HeaderValue::from_str(value)?,
            );
        }
        let webhook = Webhook::new(&self.secret().await?)?;
        webhook.verify(received.body.as_bytes(), &headers)?;
        equal(received.body.as_str(), r#"{"id":"event"}"#)?;
        equal(received.headers.get("x-one").map(String::as_str), Some("1"))?;
        let changed = received.body + " ";
        equal(webhook.verify(changed.as_bytes(), &headers).is_err(), true)
    }

    async fn attempts(&self) -> Outcome {
        let attempts = self.svix.message_attempt();
        let first = self.succeeded(1).await?.remove(0);
        let found = attempts
            .get(self.app(), "event".into(), first.id.clone(), None)
            .await?;
        equal(found.response_status_code, 200)?;
        let listed = attempts
            .list_by_endpoint(self.app(), ENDPOINT.into(), None)
            .await?
            .data;
        equal(
            listed.iter().map(|item| &item.id).collect(),
            vec![&first.id],
        )?;
        let listed = attempts
            .list_attempted_messages(self.app(), ENDPOINT.into(), None)
            .await?
            .data;
        equal(
            listed.iter().map(|item| &item.id).collect(),
            vec![&first.msg_id],
        )?;
        let listed = attempts
            .list_attempted_destinations(self.app(), "event".into(), None)
            .await?
            .data;
        equal(
            listed.iter().map(|item| &item.id).collect(),
            vec![&first.endpoint_id],
        )?;
        attempts
            .resend(self.app(), "event".into(), ENDPOINT.into(), None)
            .await?;
        self.succeeded(2).await?;
        let stats = self
            .svix
            .endpoint()
            .get_stats(self.app(), ENDPOINT.into(), None)
            .await?;
        equal(stats.fail, 0)
    }

    async fn errors(&self) -> Outcome {
        let applications = self.svix.application();
        refused(applications.get("missing".into()).await, 404)?;
        refused(applications.create(self.app_in("Twice"), None).await, 409)?;
        refused(
            self.svix
                .message()
                .create(self.app(), self.message_in(), None)
                .await,
            409,
        )?;
        refused(
            applications
                .create(ApplicationIn::new(String::new()), None)
                .await,
            422,
        )
    }

    async fn portal_access(&self) -> Outcome {
        let wanted = AppPortalAccessIn::new();
        let access = self
            .svix
            .authentication()
            .app_portal_access(self.app(), wanted, None)
            .await?;
        let owner = client(access.token);
        equal(owner.endpoint().list(self.app(), None).await?.data.len(), 1)?;
        refused(owner.application().list(None).await, 403)
    }

    async fn operational_webhooks(&self) -> Outcome {
        let operational = self.svix.operational_webhook();
        let operational = operational.endpoint();
        let wanted = OperationalWebhookEndpointIn::new(self.receiver_url.clone());
        let made = operational.create(wanted, None).await?;
        let page = operational.list(None).await?;
        equal(page.data.iter().any(|item| item.id == made.id), true)?;
        operational.delete(made.id.clone()).await?;
        refused(operational.get(made.id).await, 404)
    }

    async fn ingest(&self) -> Outcome {
        let ingest = self.svix.ingest();
        let (source, endpoint) = (ingest.source(), ingest.endpoint());
        let uid = format!("shop-{}", self.app());
        let stripe = IngestSourceInConfig::Stripe(StripeConfig::new("whsec_test_only".into()));
        let mut shop = IngestSourceIn {
            name: "Shop".into(),
            uid: Some(uid.clone()),
            metadata: None,
            config: stripe,
        };
        let made = source.create(shop.clone(), None).await?;
        equal(source.get(uid.clone()).await?.id, made.id.clone())?;
        let replaced = source.upsert(uid.clone(), shop.clone()).await?;
        equal(replaced.ingest_url, made.ingest_url)?;
        shop.uid = None;
        shop.config = IngestSourceInConfig::GenericWebhook;
        let any = source.create(shop, None).await?;
        let page = source.list(None).await?;
        equal(page.data.iter().any(|item| item.id == any.id), true)?;
        let worker = IngestEndpointIn::new(self.receiver_url.clone());
        let worker = endpoint.create(uid.clone(), worker, None).await?;
        let found = endpoint.get(uid.clone(), worker.id.clone()).await?;
        equal(found.url, self.receiver_url.clone())?;
        let rotated = source.rotate_token(uid.clone(), None).await?;
        equal(rotated.ingest_url.contains("/in/"), true)?;
        endpoint.delete(uid.clone(), worker.id).await?;
        source.delete(any.id).await?;
        source.delete(made.id).await?;
        refused(source.get(uid).await, 404)
    }

    async fn deletion(&self) -> Outcome {
        self.svix
            .endpoint()
            .delete(self.app(), ENDPOINT.into())
            .await?;
        refused(
            self.svix.endpoint().get(self.app(), ENDPOINT.into()).await,
            404,
        )?;
        self.svix.application().delete(self.app()).await?;
        refused(self.svix.application().get(self.app()).await, 404)
    }
}
