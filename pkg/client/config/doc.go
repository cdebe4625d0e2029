// Package config is what a client is told by its user, and by nobody else: which Strongroom it talks to, as whom, and its
// pins, which it does not take from any server. It reads files and writes them, and knows no network.
//
// # Files
//
//	config.toml         the user's: written by people, only read here
//	pins.toml           the user's: written here on first use, as ssh's known_hosts is; mode 0600
//	.strongroom.toml    a repository's: holds no secrets, and is meant to be committed
//
// The first two are in $STRONGROOM_CONFIG_DIR, or else in $XDG_CONFIG_HOME/strongroom, or else in ~/.config/strongroom.
// What the program remembers (see [Seen]) is in $STRONGROOM_CONFIG_DIR/state, $XDG_STATE_HOME/strongroom, or
// ~/.local/state/strongroom. No file need be there.
//
// The repository's file is the nearest one in [Source].Dir or above it, up to the folder that holds .git, and never in or
// above the home folder; only the nearest is read. $STRONGROOM_REPOSITORY names one instead, whosever it is, or is "none".
//
// Whose word is taken: a file must belong to the user or to root, and so must its folder, and not everybody may write
// them, but for a folder like /tmp where nobody can replace another's files; pins.toml, not even the group. The
// repository's file must not be a link. Anything else is refused with an error that names it, not passed over.
//
// # Schema
//
// All three are TOML, and have one schema:
//
//	profile = "work"                     # which profile is used, else "default"; config.toml alone
//
//	[profiles.work]                      # not in pins.toml; each line may be left out
//	url = "https://HOST/STAGE"
//	region = "eu-central-1"              # for signing
//	aws_profile = "work"                 # whose credentials
//	project = "demo"                     # the one that is meant where none is named
//	output = "table"                     # or "json"
//	strict = true                        # nothing is pinned on first use
//
//	[pins."https://HOST/STAGE"]
//	organization = "0190a1b2-0000-7000-8000-000000000001"
//	client_key = "arn:aws:kms:eu-central-1:111122223333:key/0190a1b2-0000-4000-8000-000000000001"
//
//	[pins."https://HOST/STAGE".projects.demo]
//	id = "0190a1b2-0000-7000-8000-000000000002"
//	encryption = "client"                # or "server"
//
// Keys that are not known, values of another type or form, and half a project are errors that name file and line. URLs
// are compared in one form, that of [NormalURL].
//
// # What wins
//
// For settings, the environment wins over the repository's file, and that over config.toml:
//
//	profile        STRONGROOM_PROFILE
//	url            STRONGROOM_URL
//	region         AWS_REGION, AWS_DEFAULT_REGION
//	aws_profile    AWS_PROFILE, AWS_DEFAULT_PROFILE; credentials in the environment itself win over files, too
//	project        STRONGROOM_PROJECT
//	output         STRONGROOM_OUTPUT
//	strict         STRONGROOM_STRICT: 1 or 0
//
// Of the files, only the profile of that very name counts. [Config.Settings] says where each value comes from.
//
// A repository may be somebody else's, so that there are three exceptions:
//
//   - strict is on where anybody turns it on; nobody can turn it off for somebody else.
//   - Which profile is used is never a repository's choice.
//   - A url of the repository's file is only used if the user knows it: it is a profile's url in config.toml, or pins of it
//     are in config.toml or pins.toml. Otherwise it is an [UnacceptedError]; [Config.Accept] writes it into pins.toml.
//
// Pins win over nothing. The environment's (STRONGROOM_ORGANIZATION, STRONGROOM_CLIENT_KEY, for containers without files)
// and those of the three files must agree wherever two speak of one thing; also, a project has one name. A difference is a
// [ContradictionError] that names both values and both places, and nothing can be sent until it is mended by hand.
//
// # Why
//
// Who owns the server can answer anything. Pins say to which organization, under which KMS key, and into which project
// a value is encrypted, and whether it is encrypted at all; a server that answers otherwise is found out by
// [Config.Check], before anything is sent. What was never pinned is taken on first use, and said to the user, unless
// strict is set.
//
// Who can commit to a repository can't send the user's requests to another server, can't weaken a pin or strict, and
// can't change a pin that the user has used, because [Config.Pin] copies it into pins.toml. They can choose, among the
// Strongrooms that the user knows, the project and the AWS profile that a command without others uses, and they are
// believed on first use, where the server would have been: a repository's pins count as pins for strict clients, too, which
// is what continuous integration needs.
//
// Somebody else on the machine can't plant a file above the folder in which the user works.
//
// The package can't help against who can write the user's own files, or set its environment. Where the system has no
// owners as Unix has them, whose a file is isn't checked.
package config
