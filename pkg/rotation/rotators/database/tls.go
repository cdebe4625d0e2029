package database

import (
	"crypto/tls"
	"crypto/x509"

	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
)

// Trust says what helps where nobody who is trusted signed a server's certificate.
const Trust = "have the settings' ca be the certificate of who signed it, in PEM"

// TLS is how connections are protected by the settings; nil where they are not.
func TLS(settings *rotation.Database) (*tls.Config, error) {
	if settings.TLS == rotation.TLSDisable {
		return nil, nil //nolint:nilnil // which both drivers take for none
	}
	config := &tls.Config{ServerName: settings.Host, MinVersion: tls.VersionTLS12}
	if settings.CA != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(settings.CA)) {
			return nil, rotators.Wrong(nil, "the settings' ca has no certificate in PEM")
		}
	}
	if settings.TLS == rotation.TLSVerifyCA {
		// Go checks all or nothing; so the chain is checked here, as is the name of who is asked to be checked fully.
		config.InsecureSkipVerify = true // VerifyConnection checks the chain
		config.VerifyConnection = func(state tls.ConnectionState) error {
			options := x509.VerifyOptions{Roots: config.RootCAs, Intermediates: x509.NewCertPool()}
			for _, certificate := range state.PeerCertificates[1:] {
				options.Intermediates.AddCert(certificate)
			}
			_, err := state.PeerCertificates[0].Verify(options)
			return err
		}
	}
	return config, nil
}
