import com.fasterxml.jackson.databind.ObjectMapper;
import com.svix.Svix;
import com.svix.SvixOptions;
import com.svix.Webhook;
import com.svix.api.ApplicationListOptions;
import com.svix.api.EventTypeListOptions;
import com.svix.api.MessageCreateOptions;
import com.svix.api.MessageGetOptions;
import com.svix.api.MessageListOptions;
import com.svix.exceptions.ApiException;
import com.svix.exceptions.WebhookVerificationException;
import com.svix.models.AppPortalAccessIn;
import com.svix.models.ApplicationIn;
import com.svix.models.ApplicationOut;
import com.svix.models.ApplicationPatch;
import com.svix.models.EndpointHeadersIn;
import com.svix.models.EndpointHeadersPatchIn;
import com.svix.models.EndpointIn;
import com.svix.models.EndpointOut;
import com.svix.models.EndpointPatch;
import com.svix.models.EndpointSecretRotateIn;
import com.svix.models.EndpointUpdate;
import com.svix.models.EventTypeIn;
import com.svix.models.EventTypeOut;
import com.svix.models.EventTypeUpdate;
import com.svix.models.MessageAttemptOut;
import com.svix.models.MessageIn;
import com.svix.models.MessageOut;
import com.svix.models.MessageStatus;
import com.svix.models.OperationalWebhookEndpointIn;
import com.svix.models.OperationalWebhookEndpointOut;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;

/** The round trip with the Java SDK. Prints one line per step and stops at the first failure. */
public final class Main {
    private static final Duration DELIVERY_TIMEOUT = Duration.ofSeconds(20);
    private static final String ENDPOINT = "endpoint";

    /** A step, or a call that is expected to fail. */
    private interface Action {
        void run() throws Exception;
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    /** A webhook as stored by the receiver. */
    private record Received(Map<String, String> headers, String body) {}

    private final Svix svix = client(System.getenv("SERVER_TOKEN"));
    private final URI receiverUrl = URI.create(System.getenv("RECEIVER_URL"));
    private final String run = UUID.randomUUID().toString().replace("-", "");
    private final String app = "java-" + run;
    private final String eventType = "java." + run;

    public static void main(String[] args) {
        new Main().steps().forEach((name, step) -> {
            try {
                step.run();
                System.out.println("passed  " + name);
            } catch (ApiException problem) {
                fail(name, problem + " " + problem.getResponseBody());
            } catch (Exception | AssertionError problem) {
                fail(name, problem.toString());
            }
        });
        // The HTTP client's idle threads would keep the program alive.
        System.exit(0);
    }

    private static void fail(String name, String reason) {
        System.out.println("FAILED  " + name + ": " + reason);
        System.exit(1);
    }

    private Map<String, Action> steps() {
        Map<String, Action> steps = new LinkedHashMap<>();
        steps.put("applications: create, getOrCreate, get, list, update, patch, delete", this::applications);
        steps.put("event types: create, get, list, update", this::eventTypes);
        steps.put("endpoints: create, get, list, patch, update", this::endpoints);
        steps.put("endpoint headers: get, update, patch", this::endpointHeaders);
        steps.put("endpoint secret: get, rotate", this::endpointSecret);
        steps.put("messages: create (twice with one idempotency key), get, list", this::messages);
        steps.put("delivery: received and verified", this::delivery);
        steps.put("attempts: get, lists, endpoint stats", this::attempts);
        steps.put("errors: 404, 409, 422", this::refusals);
        steps.put("app portal access", this::portalAccess);
        steps.put("operational webhook endpoints: create, get, list, delete", this::operationalWebhooks);
        steps.put("background tasks: list", this::backgroundTasks);
        steps.put("deletion of endpoint and application", this::deletion);
        return steps;
    }

    private static Svix client(String token) {
        SvixOptions options = new SvixOptions();
        options.setServerUrl(System.getenv("SERVER_URL"));
        return new Svix(token, options);
    }

    private static void equal(Object got, Object wanted) {
        if (!Objects.equals(got, wanted)) throw new AssertionError("got " + got + ", expected " + wanted);
    }

    /** Checks that the call fails with the SDK's own error with this status. */
    private static void refused(int status, Action call) throws Exception {
        try {
            call.run();
        } catch (ApiException problem) {
            equal(problem.getCode(), status);
            return;
        }
        throw new AssertionError("expected an error with status " + status);
    }

    private static void eventually(Condition condition) throws Exception {
        long until = System.nanoTime() + DELIVERY_TIMEOUT.toNanos();
        while (!condition.holds()) {
            if (System.nanoTime() > until) throw new AssertionError("condition not met after " + DELIVERY_TIMEOUT);
            Thread.sleep(20);
        }
    }

    private void applications() throws Exception {
        ApplicationOut made =
                svix.getApplication().create(new ApplicationIn().name("Made").uid(app).metadata(Map.of("a", "1")));
        equal(svix.getApplication().getOrCreate(new ApplicationIn().name("Other").uid(app)).getId(), made.getId());
        equal(svix.getApplication().get(app).getMetadata(), Map.of("a", "1"));
        ApplicationListOptions page = new ApplicationListOptions();
        page.setLimit(250L);
        List<String> ids =
                svix.getApplication().list(page).getData().stream().map(ApplicationOut::getId).toList();
        equal(ids.contains(made.getId()), true);
        equal(svix.getApplication().update(app, new ApplicationIn().name("Changed").uid(app)).getName(), "Changed");
        equal(svix.getApplication().patch(app, new ApplicationPatch().name("Patched")).getName(), "Patched");
        ApplicationOut other = svix.getApplication().create(new ApplicationIn().name("Other"));
        svix.getApplication().delete(other.getId());
        refused(404, () -> svix.getApplication().get(other.getId()));
    }

    private void eventTypes() throws Exception {
        svix.getEventType().create(new EventTypeIn().name(eventType).description("Made"));
        EventTypeListOptions page = new EventTypeListOptions();
        page.setLimit(250L);
        List<String> names =
                svix.getEventType().list(page).getData().stream().map(EventTypeOut::getName).toList();
        equal(names.contains(eventType), true);
        svix.getEventType().update(eventType, new EventTypeUpdate().description("Changed"));
        equal(svix.getEventType().get(eventType).getDescription(), "Changed");
    }

    private void endpoints() throws Exception {
        EndpointIn in = new EndpointIn().url(receiverUrl).uid(ENDPOINT).channels(Set.of("c"));
        EndpointOut made = svix.getEndpoint().create(app, in);
        equal(svix.getEndpoint().get(app, ENDPOINT).getId(), made.getId());
        equal(svix.getEndpoint().list(app).getData().stream().map(EndpointOut::getId).toList(), List.of(made.getId()));
        EndpointPatch patch = new EndpointPatch().description("Patched").channels(null);
        EndpointOut patched = svix.getEndpoint().patch(app, ENDPOINT, patch);
        equal(patched.getDescription(), "Patched");
        equal(patched.getChannels(), null);
        EndpointUpdate update = new EndpointUpdate().url(receiverUrl).uid(ENDPOINT).filterTypes(Set.of(eventType));
        equal(svix.getEndpoint().update(app, ENDPOINT, update).getFilterTypes(), Set.of(eventType));
    }

    private void endpointHeaders() throws Exception {
        EndpointHeadersIn headers = new EndpointHeadersIn().headers(Map.of("X-One", "1", "X-Two", "2"));
        svix.getEndpoint().updateHeaders(app, ENDPOINT, headers);
        EndpointHeadersPatchIn changes =
                new EndpointHeadersPatchIn().headers(Map.of("X-Three", "3")).deleteHeaders(List.of("X-Two"));
        svix.getEndpoint().patchHeaders(app, ENDPOINT, changes);
        equal(svix.getEndpoint().getHeaders(app, ENDPOINT).getHeaders(), Map.of("X-One", "1", "X-Three", "3"));
    }

    private String secret() throws Exception {
        return svix.getEndpoint().getSecret(app, ENDPOINT).getKey();
    }

    private void endpointSecret() throws Exception {
        String before = secret();
        svix.getEndpoint().rotateSecret(app, ENDPOINT, new EndpointSecretRotateIn());
        equal(secret().startsWith("whsec_"), true);
        equal(secret().equals(before), false);
    }

    private MessageIn messageIn() {
        return new MessageIn()
                .eventType(eventType)
                .eventId("event")
                .payload("{\"id\":\"event\"}")
                .tags(Set.of("t"));
    }

    private void messages() throws Exception {
        MessageCreateOptions once = new MessageCreateOptions();
        once.setIdempotencyKey("key-" + run);
        MessageOut made = svix.getMessage().create(app, messageIn(), once);
        equal(svix.getMessage().create(app, messageIn(), once).getId(), made.getId());
        MessageGetOptions whole = new MessageGetOptions();
        whole.setWithContent(true);
        MessageOut found = svix.getMessage().get(app, "event", whole);
        equal(found.getId(), made.getId());
        equal(found.getPayload(), Map.of("id", "event"));
        MessageListOptions page = new MessageListOptions();
        page.setEventTypes(Set.of(eventType));
        page.setTag("t");
        List<String> ids =
                svix.getMessage().list(app, page).getData().stream().map(MessageOut::getId).toList();
        equal(ids, List.of(made.getId()));
    }

    private List<MessageAttemptOut> attemptsOfMessage() throws Exception {
        return svix.getMessageAttempt().listByMsg(app, "event").getData();
    }

    private void delivery() throws Exception {
        eventually(() -> attemptsOfMessage().stream()
                .anyMatch(attempt -> attempt.getStatus() == MessageStatus.SUCCESS));
        Path file = Path.of(System.getenv("RECEIVED_DIR"), svix.getMessage().get(app, "event").getId() + ".json");
        Received received = new ObjectMapper().readValue(file.toFile(), Received.class);
        Map<String, List<String>> headers = new LinkedHashMap<>();
        received.headers().forEach((name, value) -> headers.put(name, List.of(value)));
        Webhook webhook = new Webhook(secret());
        webhook.verify(received.body(), headers);
        equal(received.body(), "{\"id\":\"event\"}");
        equal(received.headers().get("x-one"), "1");
        try {
            webhook.verify(received.body() + " ", headers);
        } catch (WebhookVerificationException refusal) {
            return;
        }
        throw new AssertionError("the verification accepted a changed body");
    }

    /**
     * Does not call `resend`: this SDK sends it as a POST without a body, which its own HTTP client
     * rejects.
     */
    private void attempts() throws Exception {
        MessageAttemptOut first = attemptsOfMessage().get(0);
        int status = svix.getMessageAttempt().get(app, "event", first.getId()).getResponseStatusCode();
        equal(status, 200);
        equal(svix.getMessageAttempt().listByEndpoint(app, ENDPOINT).getData().get(0).getId(), first.getId());
        String listed = svix.getMessageAttempt().listAttemptedMessages(app, ENDPOINT).getData().get(0).getId();
        equal(listed, first.getMsgId());
        String destination =
                svix.getMessageAttempt().listAttemptedDestinations(app, "event").getData().get(0).getId();
        equal(destination, first.getEndpointId());
        equal(svix.getEndpoint().getStats(app, ENDPOINT).getFail(), 0L);
    }

    private void refusals() throws Exception {
        refused(404, () -> svix.getApplication().get("missing"));
        refused(409, () -> svix.getApplication().create(new ApplicationIn().name("Twice").uid(app)));
        refused(409, () -> svix.getMessage().create(app, messageIn()));
        refused(422, () -> svix.getApplication().create(new ApplicationIn().name("")));
    }

    private void portalAccess() throws Exception {
        Svix owner = client(svix.getAuthentication().appPortalAccess(app, new AppPortalAccessIn()).getToken());
        equal(owner.getEndpoint().list(app).getData().stream().map(EndpointOut::getUid).toList(), List.of(ENDPOINT));
        refused(403, () -> owner.getApplication().list());
    }

    private void operationalWebhooks() throws Exception {
        var operational = svix.getOperationalWebhookEndpoint();
        OperationalWebhookEndpointOut made = operational.create(new OperationalWebhookEndpointIn().url(receiverUrl));
        List<String> ids =
                operational.list().getData().stream().map(OperationalWebhookEndpointOut::getId).toList();
        equal(ids.contains(made.getId()), true);
        operational.delete(made.getId());
        refused(404, () -> operational.get(made.getId()));
    }

    private void backgroundTasks() throws Exception {
        equal(svix.getBackgroundTask().list().getData() != null, true);
    }

    private void deletion() throws Exception {
        svix.getEndpoint().delete(app, ENDPOINT);
        refused(404, () -> svix.getEndpoint().get(app, ENDPOINT));
        svix.getApplication().delete(app);
        refused(404, () -> svix.getApplication().get(app));
    }
}
