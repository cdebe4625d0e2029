package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"strongroom/pkg/client"
)

// A program reads what it needs when it starts. Credentials, region and the URL come from where it runs.
func Example() {
	ctx := context.Background()
	c, err := client.Load(ctx, os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Set(ctx, "demo/DATABASE_URL", client.NewValue("postgres://app:not-a-real-one@db.example/app")); err != nil {
		log.Fatal(err)
	}
	secret, err := c.Get(ctx, "demo/DATABASE_URL")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(secret.Name, "is", secret.Value)
	fmt.Println(len(secret.Value.Reveal()), "bytes")
	// Output:
	// DATABASE_URL is [redacted]
	// 44 bytes
}

// One request reads a whole project.
func ExampleClient_GetAll() {
	ctx := context.Background()
	c, err := client.Load(ctx, os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"FIRST", "SECOND"} {
		if _, err := c.Set(ctx, "plain/"+name, client.NewValue("the value of "+name)); err != nil {
			log.Fatal(err)
		}
	}
	secrets, err := c.GetAll(ctx, "plain")
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range secrets {
		fmt.Println(s.Name, s.Value.Reveal())
	}
	// Output:
	// FIRST the value of FIRST
	// SECOND the value of SECOND
}

// Errors are told apart by their code; their message is for people.
func ExampleError() {
	ctx := context.Background()
	c, err := client.Load(ctx, os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.Get(ctx, "demo/NOT_THERE")
	fmt.Println(errors.Is(err, client.ErrNotFound))
	var answered *client.Error
	if errors.As(err, &answered) {
		fmt.Println(answered.Status, answered.API.Code)
	}
	// Output:
	// true
	// 404 notFound
}

// A program that runs for long takes up a new value when there is one.
func ExampleClient_Watch() {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	c, err := client.Load(ctx, os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Set(ctx, "demo/PASSWORD", client.NewValue("the first, not a real one")); err != nil {
		log.Fatal(err)
	}
	for secret, err := range c.Watch(ctx, "demo/PASSWORD", 10*time.Millisecond) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("version", secret.Version)
		if secret.Version == 2 {
			break
		}
		if _, err := c.Set(ctx, "demo/PASSWORD", client.NewValue("the second")); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// version 1
	// version 2
}

// One request asks for all of a project's secrets, and is answered without values where nothing has changed.
func ExampleClient_WatchAll() {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	c, err := client.Load(ctx, os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Set(ctx, "payroll/PASSWORD", client.NewValue("the first, not a real one")); err != nil {
		log.Fatal(err)
	}
	for secrets, err := range c.WatchAll(ctx, "payroll", 10*time.Millisecond) {
		if err != nil {
			log.Fatal(err)
		}
		for _, s := range secrets {
			fmt.Println(s.Name, "version", s.Version)
		}
		if secrets[0].Version == 2 {
			break
		}
		if _, err := c.Set(ctx, "payroll/PASSWORD", client.NewValue("the second")); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// PASSWORD version 1
	// PASSWORD version 2
}

// Lists are iterators, which ask for further pages as they are needed.
func ExampleClient_Projects() {
	ctx := context.Background()
	c, err := client.Load(ctx, os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	for project, err := range c.Projects(ctx) { // this caller sees two
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(project.Name, project.Encryption)
	}
	// Unordered output:
	// demo client
	// payroll client
	// plain server
}
