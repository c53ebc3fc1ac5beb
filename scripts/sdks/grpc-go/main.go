// The round trip over gRPC with grpc-go. Prints one line per step and stops at the first failure.
package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bufbuild/protocompile"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

const timeout = 20 * time.Second

var (
	serverURL = os.Getenv("SERVER_URL")
	token     = os.Getenv("SERVER_TOKEN")
	app       = "grpc-go-" + randomHex()
	file      protoreflect.FileDescriptor
	received  = make(chan call, 10)
	sentID    string
)

// A call that the receiver got.
type call struct {
	request  *dynamicpb.Message
	metadata metadata.MD
	left     time.Duration
}

func randomHex() string {
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		panic(err)
	}
	return hex.EncodeToString(random)
}

func get(url string) ([]byte, error) {
	response, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}

func api(method, path string, body any) (map[string]any, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(method, serverURL+"/api/v1"+path, bytes.NewReader(encoded))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	var decoded map[string]any
	return decoded, json.NewDecoder(response.Body).Decode(&decoded)
}

// Reads the definition that the server publishes.
func definition() error {
	text, err := get(serverURL + "/boathook.proto")
	if err != nil {
		return err
	}
	sources := protocompile.SourceAccessorFromMap(map[string]string{"boathook.proto": string(text)})
	compiler := protocompile.Compiler{Resolver: &protocompile.SourceResolver{Accessor: sources}}
	files, err := compiler.Compile(context.Background(), "boathook.proto")
	if err != nil {
		return err
	}
	file = files[0]
	return nil
}

func newMessage(name protoreflect.Name) *dynamicpb.Message {
	return dynamicpb.NewMessage(file.Messages().ByName(name))
}

func field(message *dynamicpb.Message, name protoreflect.Name) protoreflect.Value {
	return message.Get(message.Descriptor().Fields().ByName(name))
}

func set(message *dynamicpb.Message, name protoreflect.Name, value any) {
	message.Set(message.Descriptor().Fields().ByName(name), protoreflect.ValueOf(value))
}

// Starts a receiver that refuses the first call, so that the server tries again.
func startReceiver() (string, error) {
	var calls atomic.Int32
	deliver := func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		request := newMessage("DeliverRequest")
		if err := decode(request); err != nil {
			return nil, err
		}
		headers, _ := metadata.FromIncomingContext(ctx)
		deadline, _ := ctx.Deadline()
		received <- call{request, headers, time.Until(deadline)}
		if calls.Add(1) == 1 {
			if err := grpc.SetTrailer(ctx, metadata.Pairs("grpc-retry-pushback-ms", "100")); err != nil {
				return nil, err
			}
			return nil, status.Error(codes.ResourceExhausted, "slow down")
		}
		response := newMessage("DeliverResponse")
		set(response, "detail", "stored by Go")
		return response, nil
	}
	server := grpc.NewServer()
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "boathook.v1.Receiver",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Deliver", Handler: deliver}},
	}, struct{}{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go server.Serve(listener)
	return listener.Addr().String(), nil
}

func message(payload, eventID string) *dynamicpb.Message {
	request := newMessage("SendRequest")
	set(request, "app", app)
	set(request, "event_type", "order.paid")
	set(request, "payload", []byte(payload))
	set(request, "event_id", eventID)
	return request
}

// Sends messages in one call and returns the responses.
func send(ctx context.Context, messages ...*dynamicpb.Message) ([]*dynamicpb.Message, error) {
	connection, err := grpc.NewClient(os.Getenv("GRPC_ADDRESS"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	desc := &grpc.StreamDesc{StreamName: "Send", ServerStreams: true, ClientStreams: true}
	stream, err := connection.NewStream(ctx, desc, "/boathook.v1.Sender/Send")
	if err != nil {
		return nil, err
	}
	for _, one := range messages {
		if err := stream.SendMsg(one); err != nil {
			break
		}
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	var responses []*dynamicpb.Message
	for {
		response := newMessage("SendResponse")
		err := stream.RecvMsg(response)
		if errors.Is(err, io.EOF) {
			return responses, nil
		}
		if err != nil {
			return responses, err
		}
		responses = append(responses, response)
	}
}

func sending() error {
	address, err := startReceiver()
	if err != nil {
		return err
	}
	if _, err := api("POST", "/app", map[string]any{"name": "gRPC", "uid": app}); err != nil {
		return err
	}
	endpoint := map[string]any{"url": "grpc://" + address, "uid": "receiver", "retrySchedule": []string{"1s"}}
	if _, err := api("POST", "/app/"+app+"/endpoint", endpoint); err != nil {
		return err
	}
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+token)
	responses, err := send(ctx, message(`{"n":1}`, "order-1"), message("{", ""), message(`{"n":3}`, "order-1"))
	if err != nil {
		return err
	}
	if len(responses) != 3 {
		return fmt.Errorf("got %d responses, expected 3", len(responses))
	}
	sentID = field(responses[0], "id").String()
	if sentID == "" {
		return errors.New(field(responses[0], "error").String())
	}
	for i, code := range map[int]string{1: "validation_error: ", 2: "conflict: "} {
		if text := field(responses[i], "error").String(); !strings.HasPrefix(text, code) {
			return fmt.Errorf("got the error %q, expected %q", text, code)
		}
	}
	return nil
}

func receiving() error {
	secret, err := api("GET", "/app/"+app+"/endpoint/receiver/secret", nil)
	if err != nil {
		return err
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret["key"].(string), "whsec_"))
	if err != nil {
		return err
	}
	for range 2 {
		var got call
		select {
		case got = <-received:
		case <-time.After(timeout):
			return errors.New("no call arrived in time")
		}
		id, payload := field(got.request, "id").String(), field(got.request, "payload").Bytes()
		if id != sentID || string(payload) != `{"n":1}` {
			return fmt.Errorf("got the message %s with %s", id, payload)
		}
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%d.%s", id, field(got.request, "timestamp").Int(), payload)
		signature := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		if found := got.metadata.Get("webhook-signature"); len(found) != 1 || found[0] != signature {
			return fmt.Errorf("got the signature %v, expected %s", found, signature)
		}
		if got.left <= 0 || got.left > 15*time.Second {
			return fmt.Errorf("got %s until the deadline", got.left)
		}
	}
	return nil
}

func unauthenticated() error {
	_, err := send(context.Background(), message(`{"n":1}`, ""))
	if code := status.Code(err); code != codes.Unauthenticated {
		return fmt.Errorf("a call without a token ended with %s", code)
	}
	return nil
}

func main() {
	steps := []struct {
		name string
		run  func() error
	}{
		{"the published definition is read", definition},
		{"a stream of messages: stored, invalid, sent twice", sending},
		{"deliveries: refused with a push-back, then received, both verified", receiving},
		{"a call without a token: UNAUTHENTICATED", unauthenticated},
	}
	for _, step := range steps {
		if err := step.run(); err != nil {
			fmt.Printf("FAILED  %s: %v\n", step.name, err)
			os.Exit(1)
		}
		fmt.Printf("passed  %s\n", step.name)
	}
}
