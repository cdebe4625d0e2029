package main

import (
	"time"

	"strongroom/pkg/api"
	"strongroom/pkg/envelope"
)

// What is assumed where nothing is counted. Every number can be changed here; the README's table follows with -update.
const (
	// memory is what each function has, in gigabytes: that of the stack's stage prod.
	memory = 0.5
	// A function takes so many milliseconds for each round trip to DynamoDB (AWS promises single-digit ones), for each read
	// unit, which is some CPU at a quarter of one, and besides.
	perTrip, perReadUnit, besides = 5.0, 0.1, 5.0
	// lineBytes is what an invocation's log line has. platformBytes is what Lambda writes of each invocation by itself, START,
	// END and REPORT, which it does unless the function's log format is JSON and its system level WARN. accessBytes is API
	// Gateway's line of a request.
	lineBytes, platformBytes, accessBytes = 580.0, 300.0, 400.0

	// coldStarts is the part of all invocations that start a process, which takes coldStart milliseconds and one call of KMS.
	coldStarts, coldStart = 1.0 / 1000, 60.0
	// busier is how many times as many processes there are as requests under way on average. Each asks KMS for its data key
	// again when it forgot it, after envelope.Lifetime.
	busier, keyLifetime = 4.0, envelope.Lifetime

	// versions is how many older versions a secret has on average, of the hundred that are kept, and updates how often it gets
	// a new one in a month.
	versions, updates = 10.0, 1.0
	// eventDays is how long events are kept unless an organization says otherwise.
	eventDays = float64(api.DefaultEventRetentionDays)
	// The stream's functions are given changes when there are 500 or after window; the stream has so many shards.
	window, shards = time.Second, 4.0

	// keys are the client key, the storage key, the key that signs seals, and those of the table and of the logs.
	keys = 5.0
	// indexEntry is what the seal of an hour keeps of each event.
	indexEntry = 24.0

	month = 730 * time.Hour
	days  = 730.0 / 24
	gb    = 1e9
)
