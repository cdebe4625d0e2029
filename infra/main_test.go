package main

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
)

var update = flag.Bool("update", false, "rewrite testdata/infra/grants.golden")

// TestMain has all tests share one process of jsii, which takes seconds to start.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	jsii.Close()
	if scratch != "" {
		_ = os.RemoveAll(scratch)
	}
	os.Exit(code)
}

// scratch is a folder for what all tests share, once there is one.
var scratch string

// programs makes a stand-in for the program of each operation and each worker, once: the CDK wants to see files.
var programs = sync.OnceValues(func() (string, error) {
	var err error
	if scratch, err = os.MkdirTemp("", "strongroom-infra-"); err != nil {
		return "", err
	}
	dir := filepath.Join(scratch, "functions")
	var folders []string
	for _, row := range operation.Table {
		folders = append(folders, string(row.Name))
	}
	for _, r := range rotation.Rotators {
		folders = append(folders, filepath.Join("workers", string(r.Kind)))
	}
	for _, name := range folders {
		folder := filepath.Join(dir, name)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(folder, "bootstrap"), []byte("#!/bin/false "+name+"\n"), 0o755); err != nil { //nolint:gosec // a program
			return "", err
		}
	}
	return dir, nil
})

// written is cdk.json.
func written(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile("cdk.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Context map[string]any }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Context
}

// settingsOf are a stage's settings as cdk.json has them.
func settingsOf(t *testing.T, stage string) settings {
	t.Helper()
	context := written(t)
	context["stage"] = stage
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	context["functions"] = dir
	s, err := readSettings(func(name *string) any { return context[*name] }, func(name string) string {
		return map[string]string{"CDK_DEFAULT_REGION": "eu-central-1"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newApp makes an app with cdk.json's flags, which writes into that folder.
func newApp(t *testing.T, into string) awscdk.App {
	t.Helper()
	context := written(t)
	// As the CDK's program sets them, so that templates say what their resources are called here.
	context["aws:cdk:enable-path-metadata"], context["aws:cdk:enable-asset-metadata"] = true, true
	return awscdk.NewApp(&awscdk.AppProps{Outdir: str(into), Context: &context})
}

// synth writes the templates of those settings.
func synth(t *testing.T, s settings) *assembly {
	t.Helper()
	return synthInto(t, s, t.TempDir())
}

func synthInto(t *testing.T, s settings, dir string) *assembly {
	t.Helper()
	app := newApp(t, dir)
	build(app, s)
	return readAssembly(t, *app.Synth(nil).Directory(), s)
}

var stages = map[string]*assembly{}

// stage is the assembly of a stage as cdk.json has it, written once for all tests that only read it.
func stage(t *testing.T, name string) *assembly {
	t.Helper()
	if stages[name] == nil {
		s := settingsOf(t, name)
		stages[name] = synthInto(t, s, filepath.Join(scratch, name))
	}
	return stages[name]
}

// both runs a test for dev and for prod.
func both(t *testing.T, test func(*testing.T, *assembly)) {
	t.Helper()
	for _, name := range []string{"dev", "prod"} {
		t.Run(name, func(t *testing.T) { test(t, stage(t, name)) })
	}
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
