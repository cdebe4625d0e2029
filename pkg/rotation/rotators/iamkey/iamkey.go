package iamkey

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
)

// Patience is how long a new key is waited for.
const Patience = time.Minute

// Options are what a rotator needs.
type Options struct {
	// Config has the worker's own credentials, by which keys are made and deleted.
	Config aws.Config
	// Now is the time, by which keys are told apart that were made by a worker and by hand.
	Now func() time.Time
	// Sleep waits, or is ended by the context.
	Sleep func(ctx context.Context, d time.Duration) error
}

// A Rotator rotates access keys.
type Rotator struct {
	config aws.Config
	iam    *iam.Client
	now    func() time.Time
	sleep  func(ctx context.Context, d time.Duration) error
}

var _ rotators.Rotator = (*Rotator)(nil)

// New is the rotator of access keys.
func New(o Options) *Rotator {
	return &Rotator{config: o.Config, iam: iam.NewFromConfig(o.Config), now: o.Now, sleep: o.Sleep}
}

// Create makes a key.
func (r *Rotator) Create(ctx context.Context, t *rotators.Task) (made rotators.Created, err error) {
	j, err := r.of(ctx, t)
	if err != nil {
		return made, err
	}
	if err := j.deleteOrphans(ctx); err != nil {
		return made, err
	}
	if err := j.makeRoom(ctx); err != nil {
		return made, err
	}
	if err := j.noteKeys(ctx); err != nil {
		return made, err
	}
	var key *types.AccessKey
	err = t.Outside("create-key", func() error {
		out, err := r.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &j.UserName})
		if err != nil {
			return explain(err, "iam:CreateAccessKey")
		}
		key = out.AccessKey
		return nil
	})
	if err != nil {
		return made, err
	}
	id := aws.ToString(key.AccessKeyId)
	value, ok := rotators.SetMember(t.Current, "accessKeyId", id)
	if ok {
		value, ok = rotators.SetMember(value, "secretAccessKey", aws.ToString(key.SecretAccessKey))
	}
	if !ok {
		return made, rotators.Failed(nil, "IAM made a key that can't be written as JSON")
	}
	return rotators.Created{Value: value, PublicID: id}, nil
}

// Set has nothing to do: a key works once it is made.
func (*Rotator) Set(context.Context, *rotators.Task) error { return nil }

// Test asks who the pending key is of, until that is known.
func (r *Rotator) Test(ctx context.Context, t *rotators.Task) error {
	settings, err := rotators.SettingsOf[*rotation.IAMSettings](t)
	if err != nil {
		return err
	}
	if t.Pending == nil {
		return rotators.Wrong(nil, "there is no pending value")
	}
	key, err := parse(*t.Pending)
	if err != nil {
		return err
	}
	pause := time.Second
	for waited := time.Duration(0); ; waited += pause {
		err := r.who(ctx, key, settings.UserName)
		if !errors.Is(err, errUnknownKey) || waited+pause > Patience {
			return err
		}
		pause = min(2*pause, 10*time.Second)
		if err := r.sleep(ctx, pause); err != nil {
			return rotators.Failed(err, "the worker is ending")
		}
	}
}

// Undo deletes the pending key, and one that was made and is not.
func (r *Rotator) Undo(ctx context.Context, t *rotators.Task) error {
	j, err := r.of(ctx, t)
	if err != nil {
		return err
	}
	if !j.has(j.current.id) {
		return rotators.Wrong(nil, "the current value's access key is none of the user's any more; set a value with one that is")
	}
	if err := j.deleteOrphans(ctx); err != nil || t.Pending == nil {
		return err
	}
	pending, err := parse(*t.Pending)
	if err != nil || pending.id == j.current.id {
		return err
	}
	return j.delete(ctx, pending.id)
}

// Retire deletes the old key, or deactivates it.
func (r *Rotator) Retire(ctx context.Context, t *rotators.Task) error {
	if t.Old == nil {
		return nil
	}
	j, err := r.of(ctx, t)
	if err != nil {
		return err
	}
	old, err := parse(*t.Old)
	if err != nil || old.id == j.current.id || !j.has(old.id) {
		return err
	}
	if j.Old == rotation.OldDelete {
		return j.delete(ctx, old.id)
	}
	return t.Outside("deactivate-key", func() error {
		_, err := r.iam.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: &j.UserName, AccessKeyId: &old.id, Status: types.StatusTypeInactive})
		return explain(err, "iam:UpdateAccessKey")
	})
}

// Check sees that the current key works, is the tagged user's, and leaves room for another.
func (r *Rotator) Check(ctx context.Context, t *rotators.Task) error {
	j, err := r.of(ctx, t)
	if err != nil {
		return err
	}
	if err := j.room(); err != nil {
		return err
	}
	return r.who(ctx, j.current, j.UserName)
}

// A key is an access key with its secret.
type key struct{ id, secret string }

func parse(value string) (key, error) {
	id, named := rotators.Member(value, "accessKeyId")
	secret, ok := rotators.Member(value, "secretAccessKey")
	if !named || !ok || id == "" || secret == "" {
		return key{}, rotators.Wrong(nil,
			`the value must be a JSON object with an access key: {"accessKeyId": …, "secretAccessKey": …}; the first one is made by hand`)
	}
	return key{id, secret}, nil
}

var errUnknownKey = errors.New("STS does not know the key")

// who sees that a key is that user's.
func (r *Rotator) who(ctx context.Context, k key, user string) error {
	as := sts.NewFromConfig(r.config, func(o *sts.Options) {
		o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret, Source: "a secret's value"}, nil
		})
	})
	out, err := as.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	switch code(err) {
	case "InvalidClientTokenId", "InvalidAccessKeyId":
		return rotators.Failed(errUnknownKey, "AWS does not know the access key, or it is inactive: a new one may take a minute, and another can be activated, or set the value of one that works")
	case "SignatureDoesNotMatch":
		return rotators.Failed(errUnknownKey, "AWS says that the access key's secret is another one; set a value with the one that it was made with")
	}
	if err != nil {
		return explain(err, "sts:GetCallerIdentity")
	}
	arn := aws.ToString(out.Arn)
	if kind, name, _ := strings.Cut(arn[strings.LastIndexByte(arn, ':')+1:], "/"); kind != "user" || name[strings.LastIndexByte(name, '/')+1:] != user {
		return rotators.Wrong(nil, "the access key is not one of the IAM user %q in the settings", user)
	}
	return nil
}

// A job is a task, read, and the keys that the user has.
type job struct {
	*rotation.IAMSettings
	*Rotator
	task    *rotators.Task
	current key
	keys    []types.AccessKeyMetadata
}

// of reads a task, and sees that the user is the secret's.
func (r *Rotator) of(ctx context.Context, t *rotators.Task) (*job, error) {
	settings, err := rotators.SettingsOf[*rotation.IAMSettings](t)
	if err != nil {
		return nil, err
	}
	current, err := parse(t.Current)
	if err != nil {
		return nil, err
	}
	j := &job{IAMSettings: settings, Rotator: r, task: t, current: current}
	if err := j.checkTag(ctx); err != nil {
		return nil, err
	}
	for pages := iam.NewListAccessKeysPaginator(r.iam, &iam.ListAccessKeysInput{UserName: &settings.UserName}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, explain(err, "iam:ListAccessKeys")
		}
		j.keys = append(j.keys, page.AccessKeyMetadata...)
	}
	return j, nil
}

func (j *job) checkTag(ctx context.Context) error {
	for pages := iam.NewListUserTagsPaginator(j.iam, &iam.ListUserTagsInput{UserName: &j.UserName}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return explain(err, "iam:ListUserTags")
		}
		for _, tag := range page.Tags {
			if aws.ToString(tag.Key) == rotation.SecretTag && strings.EqualFold(aws.ToString(tag.Value), j.task.Secret.String()) {
				return nil
			}
		}
	}
	return rotators.Wrong(nil, "the IAM user %q does not say that its keys are this secret's; tag it: aws iam tag-user --user-name %s --tags Key=%s,Value=%s",
		j.UserName, j.UserName, rotation.SecretTag, j.task.Secret)
}

func (j *job) has(id string) bool {
	return slices.ContainsFunc(j.keys, func(k types.AccessKeyMetadata) bool { return aws.ToString(k.AccessKeyId) == id })
}

// delete deletes a key, if it is there.
func (j *job) delete(ctx context.Context, id string) error {
	return j.task.Outside("delete-key", func() error {
		_, err := j.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: &j.UserName, AccessKeyId: &id})
		if code(err) == "NoSuchEntity" {
			err = nil // by an earlier attempt; the user was there a moment ago
		}
		if err == nil {
			j.keys = slices.DeleteFunc(j.keys, func(k types.AccessKeyMetadata) bool { return aws.ToString(k.AccessKeyId) == id })
		}
		return explain(err, "iam:DeleteAccessKey")
	})
}

// A note is what is written down before a key is made: "iam-access-keys", when that was, and the keys that there were.
type note struct {
	at   time.Time
	keys []string
}

const notePrefix = "iam-access-keys"

func readNote(text string) (n note, ok bool) {
	words := strings.Fields(text)
	if len(words) < 2 || words[0] != notePrefix {
		return note{}, false
	}
	at, err := time.Parse(time.RFC3339, words[1])
	return note{at, words[2:]}, err == nil
}

func (n note) String() string {
	return strings.Join(append([]string{notePrefix, n.at.UTC().Format(time.RFC3339)}, n.keys...), " ")
}

// soon is how long after the note a key was made at most, if a worker made it: its request is the next thing that it does.
const soon = 10 * time.Minute

// made says whether a key may be what was made after the note.
func (n note) made(k types.AccessKeyMetadata) bool {
	return !slices.Contains(n.keys, aws.ToString(k.AccessKeyId)) && !aws.ToTime(k.CreateDate).After(n.at.Add(soon))
}

// noteKeys writes down which keys there are.
func (j *job) noteKeys(ctx context.Context) error {
	n := note{at: j.now()}
	for _, k := range j.keys {
		n.keys = append(n.keys, aws.ToString(k.AccessKeyId))
	}
	return j.task.Save(ctx, n.String())
}

// deleteOrphans deletes the keys that an earlier worker made, and whose secret went with it: those that were made after the note,
// and that no value has.
func (j *job) deleteOrphans(ctx context.Context) error {
	n, ok := readNote(j.task.Note)
	if !ok {
		return nil
	}
	n.keys = append(n.keys, j.current.id)
	if j.task.Pending != nil {
		pending, err := parse(*j.task.Pending)
		if err != nil {
			return err
		}
		n.keys = append(n.keys, pending.id)
	}
	for _, k := range slices.Clone(j.keys) {
		if n.made(k) {
			if err := j.delete(ctx, aws.ToString(k.AccessKeyId)); err != nil {
				return err
			}
		}
	}
	return nil
}

// room says whether there is some for another key, or could be.
func (j *job) room() error {
	if !j.has(j.current.id) {
		return rotators.Wrong(nil, "the current value's access key is none of the IAM user %q; set a value with one that is", j.UserName)
	}
	for _, k := range j.keys {
		id := aws.ToString(k.AccessKeyId)
		if id == j.current.id || k.Status == types.StatusTypeInactive && j.Old == rotation.OldDeactivate {
			continue
		}
		return rotators.Wrong(nil, "the IAM user %q has a second access key, %s, and IAM allows two: delete it, if nothing uses it", j.UserName, id)
	}
	return nil
}

// makeRoom deletes the key of the rotation before, which was deactivated.
func (j *job) makeRoom(ctx context.Context) error {
	if err := j.room(); err != nil {
		return err
	}
	for _, k := range slices.Clone(j.keys) {
		if id := aws.ToString(k.AccessKeyId); id != j.current.id {
			if err := j.delete(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}
