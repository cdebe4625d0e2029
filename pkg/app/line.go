package app

import (
	"context"
	"log/slog"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"strongroom/pkg/metric"
	"strongroom/pkg/operation"
)

// A teller writes the one line that each invocation gets.
type teller struct {
	name     operation.Name
	settings Settings
	// warm says that there was an invocation before.
	warm atomic.Bool
}

// tell writes a line: the operation and what is said of the invocation, then what it measured. With metrics, the line is a
// document of the embedded metric format.
func (t *teller) tell(ctx context.Context, level slog.Level, message string, counts *metric.Counts, said ...slog.Attr) {
	line := append([]slog.Attr{slog.String(metric.Dimension, string(t.name))}, said...)
	line = append(line, t.invocation(ctx)...)
	values := counts.Values()
	for _, v := range values {
		line = append(line, slog.Float64(string(v.Name), v.Value))
	}
	if t.settings.Metrics {
		line = append(line, slog.Any("_aws", newEMF(time.Now(), values)))
	}
	t.settings.log().LogAttrs(ctx, level, message, line...)
}

// invocation is what only Lambda knows of it: nothing where the invocation is not Lambda's.
func (t *teller) invocation(ctx context.Context) []slog.Attr {
	l, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return nil
	}
	said := []slog.Attr{slog.String("lambdaRequestId", l.AwsRequestID)}
	if id := traceID(ctx); id != "" {
		said = append(said, slog.String("traceId", id))
	}
	if !t.warm.Swap(true) {
		said = append(said, slog.Bool("coldStart", true))
	}
	return said
}

// traceHeader is a trace header of Lambda's, "Root=1-5e9f0c65-1de4d666d4dd26aced652b6c;Parent=53995c3f42cd8ad8;Sampled=1"
// (https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader), of a trace that X-Ray
// keeps.
var traceHeader = regexp.MustCompile(`^Root=(1-[0-9a-f]{8}-[0-9a-f]{24});(?:.*;)?Sampled=1(?:;.*)?$`)

// traceID is the id of the trace that X-Ray keeps of the invocation; empty for none. aws-lambda-go has it under a key of
// its own. The request's header is not asked, since a client can write what it likes there.
func traceID(ctx context.Context) string {
	header, _ := ctx.Value("x-amzn-trace-id").(string)
	if found := traceHeader.FindStringSubmatch(header); found != nil {
		return found[1]
	}
	return ""
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
