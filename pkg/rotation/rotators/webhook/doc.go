// Package webhook rotates whatever a service of the user's sets: it sends the service signed requests, by Standard Webhooks
// (https://www.standardwebhooks.com), and the service does what is asked.
//
// # The requests
//
// Each is a POST to the settings' URL with a JSON object:
//
//	{
//	  "type":       "rotation.set",
//	  "rotationId": "01980e5c-…",    the rotation's; absent from rotation.check
//	  "secretId":   "01980e5b-…",
//	  "current":    "…",             the secret's current value
//	  "pending":    "…",             the value that is to become current
//	  "old":        "…"              the value that was current before
//	}
//
// Which values there are depends on the type, which says what the service is to do:
//
//	rotation.check   current                   see whether it could rotate, and change nothing
//	rotation.set     current and pending       make pending work
//	rotation.test    pending                   see whether pending works
//	rotation.undo    current, pending if any   make current work and pending not
//	rotation.retire  current and old           make old not work; only with keepsOld
//
// Each may come again, after it was done or stopped anywhere in the middle, and must then come to the same.
//
// # Signatures
//
// The header webhook-id names the request: rotation, attempt and type make it, so that a service may drop what it has done under
// that name before, in the same attempt (a later one may follow an undo); webhook-timestamp is when it was sent, in seconds since 1970; webhook-signature is "v1," and the HMAC-SHA256, in base64,
// of id, timestamp and body, joined by dots. The key is the value of the secret that the settings name: "whsec_" and base64, or
// any other text, whose bytes it is then; at least 24 bytes. A service must check the signature, and that the timestamp is of the
// last few minutes, before it believes anything: Standard Webhooks has libraries that do.
//
// # Answers
//
// Any status of 2xx says that it is done; 408, 425, 429 and 5xx, and no answer in time, that it is to be tried again; all others
// that trying again would not help, and the rotation is taken back. Redirects are not followed. A body may be {"error": "…"}: the
// first 200 bytes of it are shown in the rotation's reason, with every value blanked out. All else is not looked at.
//
// Values are in the requests: so they go by https alone, to a server whose certificate the system trusts, or on this machine, by
// `strongroom local`, to a loopback address.
package webhook
