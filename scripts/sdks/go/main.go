// The round trip with the Go SDK. Prints one line per step and stops at the first failure.
package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	svix "github.com/svix/svix-webhooks/go"
	"github.com/svix/svix-webhooks/go/models"
	"github.com/svix/svix-webhooks/go/utils"
)

const (
	deliveryTimeout = 20 * time.Second
	endpoint        = "endpoint"
	stripeSecret    = "whsec_test_only"
)

var (
	ctx         = context.Background()
	run         = rand.Text()
	app         = "go-" + run
	eventType   = "go." + run
	receiverURL = os.Getenv("RECEIVER_URL")
	client      = newClient(os.Getenv("SERVER_TOKEN"))
)

func main() {
	steps := []struct {
		name string
		run  func()
	}{
		{"applications: Create, GetOrCreate, Get, List, Update, Patch, Delete", applications},
		{"event types: Create, Get, List, Update", eventTypes},
		{"endpoints: Create, Get, List, Patch, Update", endpoints},
		{"endpoint headers: get, update, patch", endpointHeaders},
		{"endpoint secret: get, rotate", endpointSecret},
		{"messages: Create (twice with one idempotency key), Get, List", messages},
		{"delivery: received and verified", delivery},
		{"attempts: Get, lists, Resend, endpoint stats", attempts},
		{"errors: 404, 409, 422", refusals},
		{"app portal access", portalAccess},
		{"operational webhook endpoints: Create, Get, List, Delete", operationalWebhooks},
		{"background tasks: List", backgroundTasks},
		{"ingest: source and its endpoint, a signed event is received and verified", ingest},
		{"deletion of endpoint and application", deletion},
	}
	for _, step := range steps {
		if err := caught(step.run); err != nil {
			fmt.Printf("FAILED  %s: %v\n", step.name, err)
			os.Exit(1)
		}
		fmt.Printf("passed  %s\n", step.name)
	}
}

func newClient(token string) *svix.Svix {
	server := must(url.Parse(os.Getenv("SERVER_URL")))
	return must(svix.New(token, &svix.SvixOptions{ServerUrl: server}))
}

// caught converts the panic of a failed step into an error.
func caught(step func()) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("%v", reason)
		}
	}()
	step()
	return nil
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	var problem *svix.Error
	if errors.As(err, &problem) {
		panic(fmt.Sprintf("%v %s", problem, problem.Body()))
	}
	if err != nil {
		panic(err)
	}
}

func equal[T comparable](got, wanted T) {
	if got != wanted {
		panic(fmt.Sprintf("got %v, expected %v", got, wanted))
	}
}

// refused checks that err is the SDK's own error with this status.
func refused(err error, status int) {
	var problem *svix.Error
	if !errors.As(err, &problem) {
		panic(fmt.Sprintf("expected an error with status %d, got %v", status, err))
	}
	equal(problem.Status(), status)
}

func onlyErr[T any](_ T, err error) error { return err }

func eventually(holds func() bool) {
	for until := time.Now().Add(deliveryTimeout); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	panic(fmt.Sprintf("condition not met after %v", deliveryTimeout))
}

func applications() {
	made := must(client.Application.Create(ctx, models.ApplicationIn{Name: "Made", Uid: &app}, nil))
	same := must(client.Application.GetOrCreate(ctx, models.ApplicationIn{Name: "Other", Uid: &app}, nil))
	equal(same.Id, made.Id)
	equal(must(client.Application.Get(ctx, app)).Name, "Made")
	limit := uint64(250)
	page := must(client.Application.List(ctx, &svix.ApplicationListOptions{Limit: &limit}))
	equal(slices.ContainsFunc(page.Data, func(a models.ApplicationOut) bool { return a.Id == made.Id }), true)
	changed := must(client.Application.Update(ctx, app, models.ApplicationIn{Name: "Changed", Uid: &app}))
	equal(changed.Name, "Changed")
	name := "Patched"
	equal(must(client.Application.Patch(ctx, app, models.ApplicationPatch{Name: &name})).Name, name)
	other := must(client.Application.Create(ctx, models.ApplicationIn{Name: "Other"}, nil))
	check(client.Application.Delete(ctx, other.Id))
	refused(onlyErr(client.Application.Get(ctx, other.Id)), 404)
}

func eventTypes() {
	must(client.EventType.Create(ctx, models.EventTypeIn{Name: eventType, Description: "Made"}, nil))
	limit := uint64(250)
	page := must(client.EventType.List(ctx, &svix.EventTypeListOptions{Limit: &limit}))
	equal(slices.ContainsFunc(page.Data, func(e models.EventTypeOut) bool { return e.Name == eventType }), true)
	must(client.EventType.Update(ctx, eventType, models.EventTypeUpdate{Description: "Changed"}))
	equal(must(client.EventType.Get(ctx, eventType)).Description, "Changed")
}

func endpoints() {
	uid := endpoint
	in := models.EndpointIn{Url: receiverURL, Uid: &uid, Channels: []string{"c"}}
	made := must(client.Endpoint.Create(ctx, app, in, nil))
	equal(must(client.Endpoint.Get(ctx, app, endpoint)).Id, made.Id)
	equal(must(client.Endpoint.List(ctx, app, nil)).Data[0].Id, made.Id)
	description := "Patched"
	none := utils.NewNullableFromPtr[[]string](nil)
	patched := must(client.Endpoint.Patch(ctx, app, endpoint, models.EndpointPatch{Description: &description, Channels: none}))
	equal(patched.Description, description)
	equal(len(patched.Channels), 0)
	update := models.EndpointUpdate{Url: receiverURL, Uid: &uid, FilterTypes: []string{eventType}}
	updated := must(client.Endpoint.Update(ctx, app, endpoint, update))
	equal(slices.Equal(updated.FilterTypes, []string{eventType}), true)
}

func endpointHeaders() {
	headers := models.EndpointHeadersIn{Headers: map[string]string{"X-One": "1", "X-Two": "2"}}
	check(client.Endpoint.UpdateHeaders(ctx, app, endpoint, headers))
	changes := models.EndpointHeadersPatchIn{Headers: map[string]string{"X-Three": "3"}, DeleteHeaders: []string{"X-Two"}}
	check(client.Endpoint.PatchHeaders(ctx, app, endpoint, changes))
	got := must(client.Endpoint.GetHeaders(ctx, app, endpoint)).Headers
	equal(fmt.Sprint(got), fmt.Sprint(map[string]string{"X-One": "1", "X-Three": "3"}))
}

func endpointSecret() {
	before := must(client.Endpoint.GetSecret(ctx, app, endpoint)).Key
	check(client.Endpoint.RotateSecret(ctx, app, endpoint, models.EndpointSecretRotateIn{}, nil))
	after := must(client.Endpoint.GetSecret(ctx, app, endpoint)).Key
	equal(after != before, true)
}

func messageIn(eventID string) models.MessageIn {
	payload := map[string]any{"id": eventID}
	return models.MessageIn{EventType: eventType, EventId: &eventID, Payload: payload, Tags: []string{"t"}}
}

func messages() {
	key, tag, yes := "key-"+run, "t", true
	once := svix.MessageCreateOptions{IdempotencyKey: &key}
	made := must(client.Message.Create(ctx, app, messageIn("event"), &once))
	equal(must(client.Message.Create(ctx, app, messageIn("event"), &once)).Id, made.Id)
	found := must(client.Message.Get(ctx, app, "event", &svix.MessageGetOptions{WithContent: &yes}))
	equal(found.Id, made.Id)
	equal(found.Payload["id"], any("event"))
	types := []string{eventType}
	page := must(client.Message.List(ctx, app, &svix.MessageListOptions{EventTypes: &types, Tag: &tag}))
	equal(len(page.Data), 1)
	equal(page.Data[0].Id, made.Id)
}

func attemptsOfMessage() []models.MessageAttemptOut {
	return must(client.MessageAttempt.ListByMsg(ctx, app, "event", nil)).Data
}

func delivery() {
	eventually(func() bool {
		return slices.ContainsFunc(attemptsOfMessage(), func(attempt models.MessageAttemptOut) bool {
			return attempt.Status == models.MESSAGESTATUS_SUCCESS
		})
	})
	message := must(client.Message.Get(ctx, app, "event", nil))
	file := must(os.ReadFile(filepath.Join(os.Getenv("RECEIVED_DIR"), message.Id+".json")))
	var received struct {
		Headers map[string]string
		Body    string
	}
	check(json.Unmarshal(file, &received))
	headers := http.Header{}
	for name, value := range received.Headers {
		headers.Set(name, value)
	}
	webhook := must(svix.NewWebhook(must(client.Endpoint.GetSecret(ctx, app, endpoint)).Key))
	check(webhook.Verify([]byte(received.Body), headers))
	equal(received.Body, `{"id":"event"}`)
	equal(headers.Get("X-One"), "1")
	equal(webhook.Verify([]byte(received.Body+" "), headers) != nil, true)
}

func attempts() {
	first := attemptsOfMessage()[0]
	equal(must(client.MessageAttempt.Get(ctx, app, "event", first.Id, nil)).ResponseStatusCode, 200)
	byEndpoint := must(client.MessageAttempt.ListByEndpoint(ctx, app, endpoint, nil)).Data
	equal(byEndpoint[0].Id, first.Id)
	listed := must(client.MessageAttempt.ListAttemptedMessages(ctx, app, endpoint, nil)).Data
	equal(listed[0].Id, first.MsgId)
	destinations := must(client.MessageAttempt.ListAttemptedDestinations(ctx, app, "event", nil)).Data
	equal(destinations[0].Id, first.EndpointId)
	must(client.MessageAttempt.Resend(ctx, app, "event", endpoint, nil))
	eventually(func() bool { return len(attemptsOfMessage()) == 2 })
	equal(must(client.Endpoint.GetStats(ctx, app, endpoint, nil)).Fail, 0)
}

func refusals() {
	refused(onlyErr(client.Application.Get(ctx, "missing")), 404)
	refused(onlyErr(client.Application.Create(ctx, models.ApplicationIn{Name: "Twice", Uid: &app}, nil)), 409)
	refused(onlyErr(client.Message.Create(ctx, app, messageIn("event"), nil)), 409)
	refused(onlyErr(client.Application.Create(ctx, models.ApplicationIn{Name: ""}, nil)), 422)
}

func portalAccess() {
	access := must(client.Authentication.AppPortalAccess(ctx, app, models.AppPortalAccessIn{}, nil))
	owner := newClient(access.Token)
	equal(len(must(owner.Endpoint.List(ctx, app, nil)).Data), 1)
	refused(onlyErr(owner.Application.List(ctx, nil)), 403)
}

func operationalWebhooks() {
	operational := client.OperationalWebhook.Endpoint
	made := must(operational.Create(ctx, models.OperationalWebhookEndpointIn{Url: receiverURL}, nil))
	page := must(operational.List(ctx, nil))
	equal(slices.ContainsFunc(page.Data, func(e models.OperationalWebhookEndpointOut) bool { return e.Id == made.Id }), true)
	check(operational.Delete(ctx, made.Id))
	refused(onlyErr(operational.Get(ctx, made.Id)), 404)
}

func backgroundTasks() {
	equal(must(client.BackgroundTask.List(ctx, nil)).Data != nil, true)
}

// postSigned posts a body as Stripe would and returns the status.
func postSigned(url string, body string) int {
	now := fmt.Sprint(time.Now().Unix())
	mac := hmac.New(sha256.New, []byte(stripeSecret))
	mac.Write([]byte(now + "." + body))
	request := must(http.NewRequest("POST", url, strings.NewReader(body)))
	request.Header.Set("Stripe-Signature", "t="+now+",v1="+hex.EncodeToString(mac.Sum(nil)))
	response := must(http.DefaultClient.Do(request))
	check(response.Body.Close())
	return response.StatusCode
}

// isReceived returns whether a verified event of a source has arrived.
func isReceived(source string, body string) bool {
	for _, name := range must(filepath.Glob(filepath.Join(os.Getenv("RECEIVED_DIR"), "*.json"))) {
		var received struct {
			Headers map[string]string
			Body    string
		}
		check(json.Unmarshal(must(os.ReadFile(name)), &received))
		isVerified := received.Headers["boathook-verification"] == "verified"
		if isVerified && received.Headers["boathook-source"] == source && received.Body == body {
			return true
		}
	}
	return false
}

func ingest() {
	source, uid, anyUID, worker := client.Ingest.Source, "shop-"+run, "any-"+run, "worker"
	config := models.StripeConfig{Secret: stripeSecret}
	shop := models.IngestSourceIn{Name: "Shop", Uid: &uid, Type: models.IngestSourceInTypeStripe, Config: config}
	made := must(source.Create(ctx, shop, nil))
	equal(must(source.Get(ctx, uid)).Id, made.Id)
	equal(*must(source.Update(ctx, uid, shop)).IngestUrl, *made.IngestUrl)
	anything := models.IngestSourceIn{Name: "Any", Uid: &anyUID, Type: models.IngestSourceInTypeGenericWebhook}
	must(source.Create(ctx, anything, nil))
	equal(len(must(source.List(ctx, nil)).Data) >= 2, true)
	endpoints := client.Ingest.Endpoint
	must(endpoints.Create(ctx, uid, models.IngestEndpointIn{Url: receiverURL, Uid: &worker}, nil))
	must(endpoints.Update(ctx, uid, worker, models.IngestEndpointUpdate{Url: receiverURL}))
	check(endpoints.RotateSecret(ctx, uid, worker, models.IngestEndpointSecretIn{}, nil))
	equal(must(endpoints.Get(ctx, uid, worker)).Url, receiverURL)
	body := fmt.Sprintf(`{"id":"evt_%s","type":"charge.succeeded"}`, run)
	equal(postSigned(must(source.RotateToken(ctx, uid, nil)).IngestUrl, body), 200)
	eventually(func() bool { return isReceived(uid, body) })
	check(source.Delete(ctx, uid))
	check(source.Delete(ctx, anyUID))
	refused(onlyErr(source.Get(ctx, uid)), 404)
}

func deletion() {
	check(client.Endpoint.Delete(ctx, app, endpoint))
	refused(onlyErr(client.Endpoint.Get(ctx, app, endpoint)), 404)
	check(client.Application.Delete(ctx, app))
	refused(onlyErr(client.Application.Get(ctx, app)), 404)
}
