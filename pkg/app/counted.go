package app

import (
	"context"

	"strongroom/pkg/envelope"
	"strongroom/pkg/metric"
)

// countedKeys counts the calls of a key service, in the context's counts.
type countedKeys struct{ envelope.KeyService }

func (k countedKeys) GenerateDataKey(ctx context.Context, keyContext map[string]string) (envelope.DataKeyMaterial, error) {
	metric.Add(ctx, metric.KmsCalls, 1)
	return k.KeyService.GenerateDataKey(ctx, keyContext)
}

func (k countedKeys) Decrypt(ctx context.Context, wrapped []byte, keyContext map[string]string) ([]byte, error) {
	metric.Add(ctx, metric.KmsCalls, 1)
	return k.KeyService.Decrypt(ctx, wrapped, keyContext)
}

// countedSigner counts those of a key that signs.
type countedSigner struct{ envelope.Signer }

func (s countedSigner) Sign(ctx context.Context, digest [32]byte) ([]byte, error) {
	metric.Add(ctx, metric.KmsCalls, 1)
	return s.Signer.Sign(ctx, digest)
}

func (s countedSigner) PublicKey(ctx context.Context) ([]byte, error) {
	metric.Add(ctx, metric.KmsCalls, 1)
	return s.Signer.PublicKey(ctx)
}
