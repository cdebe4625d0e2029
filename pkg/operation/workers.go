package operation

// Workers names what rotation workers ask the API for, as the clients that they are. Their roles in AWS may invoke these routes
// and no others (infra's workers stack), which "strongroom prove" shows. What they may do there is decided by Strongroom's own
// grants.
var Workers = []Name{
	// Who they are, and which organization and client key are meant: on first use.
	Whoami,
	// The keys of the projects that a secret is in.
	GetProject,
	// The current value, those of the secrets that the settings name, and those of the pending and the previous version.
	GetSecret, GetSecretVersion,
	// Their work.
	ClaimRotation, PutPendingVersion, PromoteVersion, DiscardPendingVersion, ReportRotation,
}
