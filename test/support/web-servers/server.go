package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

func answer(w http.ResponseWriter, r *http.Request) {
	length, _ := io.Copy(io.Discard, r.Body)
	_, port, _ := net.SplitHostPort(r.RemoteAddr)
	switch r.URL.Path {
	case "/port":
		fmt.Fprint(w, port)
	case "/close":
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, port)
	case "/length":
		fmt.Fprint(w, length)
	case "/empty":
		w.WriteHeader(204)
	case "/chunked":
		fmt.Fprint(w, "hel")
		w.(http.Flusher).Flush()
		fmt.Fprint(w, "lo")
	case "/interim":
		w.WriteHeader(103)
		fmt.Fprint(w, "hello")
	default:
		w.WriteHeader(404)
		fmt.Fprint(w, "not found")
	}
}

func main() {
	handler := http.HandlerFunc(answer)
	go func() { log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], handler)) }()
	log.Fatal(http.ListenAndServeTLS("127.0.0.1:"+os.Args[2], os.Args[3], os.Args[4], handler))
}
