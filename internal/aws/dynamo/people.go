package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/store"
)

func profileOf(it item) store.Profile {
	return store.Profile{Lead: lead.ID(strings.TrimPrefix(textOf(it, "k"), "f#")), Version: numberOf(it, "v"), Body: bytesOf(it, "x")}
}

func recipientOf(it item) store.Recipient {
	r := store.Recipient{ID: store.RecipientOfKey(textOf(it, "k")), Version: numberOf(it, "v"), Body: bytesOf(it, "x")}
	if it["ds"] != nil {
		r.DueAt, r.Rank = splitDue(it)
	}
	return r
}

// ClaimIdentities inserts what is absent and reads who has the rest.
func (s *Store) ClaimIdentities(ctx context.Context, ids []store.Identity) ([]store.Identity, error) {
	statements := make([]*statement, 0, len(ids))
	first := make(map[store.IdentityKey]*statement, len(ids))
	for _, id := range ids {
		if first[id.Key] != nil {
			continue // the first to ask in a batch is the one that claims
		}
		st := &statement{
			text:   `INSERT INTO "` + s.tables.People + `" VALUE {'k':?,'l':?}`,
			values: []types.AttributeValue{text(id.Key.Key()), text(string(id.Lead))},
		}
		first[id.Key] = st
		statements = append(statements, st)
	}
	s.execute(ctx, statements)

	var taken []store.IdentityKey
	owner := make(map[store.IdentityKey]lead.ID, len(ids))
	for _, id := range ids {
		st := first[id.Key]
		switch {
		case st.err == nil:
			if owner[id.Key] == "" {
				owner[id.Key] = id.Lead
			}
		case errors.Is(st.err, store.ErrConflict):
			taken = append(taken, id.Key)
		default:
			return nil, fmt.Errorf("claim an identity for lead %s: %w", id.Lead, st.err)
		}
	}
	if len(taken) > 0 {
		found, err := s.Fetch(ctx, store.Wanted{Identities: taken, Strong: true})
		if err != nil {
			return nil, fmt.Errorf("claim identities: %w", err)
		}
		for k, id := range found.Identities {
			owner[k] = id
		}
	}
	out := make([]store.Identity, len(ids))
	for i, id := range ids {
		out[i] = store.Identity{Key: id.Key, Lead: owner[id.Key]}
		if out[i].Lead == "" {
			// Removed between the two calls: only an erasure does that.
			return nil, fmt.Errorf("claim an identity for lead %s: %w", id.Lead, store.ErrConflict)
		}
	}
	return out, nil
}

// LeadOf reads one identity.
func (s *Store) LeadOf(ctx context.Context, key store.IdentityKey) (lead.ID, error) {
	it, err := s.one(ctx, s.tables.People, item{"k": text(key.Key())}, false)
	if err != nil {
		return "", fmt.Errorf("read identity: %w", err)
	}
	return lead.ID(textOf(it, "l")), nil
}

// ReadProfile reads one profile, strongly.
func (s *Store) ReadProfile(ctx context.Context, id lead.ID) (store.Profile, error) {
	it, err := s.one(ctx, s.tables.People, item{"k": text(store.ProfileKey(id))}, true)
	if err != nil {
		return store.Profile{}, fmt.Errorf("read profile %s: %w", id, err)
	}
	return profileOf(it), nil
}

// WriteProfile stores one profile on the condition of its version.
func (s *Store) WriteProfile(ctx context.Context, p store.Profile) error {
	return s.writeBlob(ctx, blob{key: store.ProfileKey(p.Lead), version: p.Version, body: p.Body})
}

// WriteProfiles stores profiles, 25 a call.
func (s *Store) WriteProfiles(ctx context.Context, ps []store.Profile) []store.Written[store.Profile] {
	statements := make([]*statement, len(ps))
	for i, p := range ps {
		statements[i] = s.blobStatement(blob{key: store.ProfileKey(p.Lead), version: p.Version, body: p.Body})
	}
	s.execute(ctx, statements)
	return settle(ctx, ps, statements, settler[store.Profile]{
		name: func(p store.Profile) string { return "profile " + string(p.Lead) },
		of:   profileOf,
		same: func(want, stored store.Profile) bool {
			return stored.Version == want.Version+1 && bytes.Equal(stored.Body, want.Body)
		},
		read: func(ctx context.Context, lost []store.Profile) (map[string]store.Profile, error) {
			w := store.Wanted{Strong: true}
			for _, p := range lost {
				w.Profiles = append(w.Profiles, p.Lead)
			}
			found, err := s.Fetch(ctx, w)
			out := make(map[string]store.Profile, len(found.Profiles))
			for id, p := range found.Profiles {
				out["profile "+string(id)] = p
			}
			return out, err
		},
	})
}

// ReadRecipient reads one recipient, strongly.
func (s *Store) ReadRecipient(ctx context.Context, id string) (store.Recipient, error) {
	it, err := s.one(ctx, s.tables.People, item{"k": text(store.RecipientKey(id))}, true)
	if err != nil {
		return store.Recipient{}, fmt.Errorf("read recipient %s: %w", id, err)
	}
	return recipientOf(it), nil
}

// WriteRecipient stores one recipient on the condition of its version.
func (s *Store) WriteRecipient(ctx context.Context, r store.Recipient) error {
	return s.writeBlob(ctx, recipientBlob(r))
}

// WriteRecipients stores recipients, 25 a call.
func (s *Store) WriteRecipients(ctx context.Context, rs []store.Recipient) []store.Written[store.Recipient] {
	statements := make([]*statement, len(rs))
	for i, r := range rs {
		statements[i] = s.blobStatement(recipientBlob(r))
	}
	s.execute(ctx, statements)
	return settle(ctx, rs, statements, settler[store.Recipient]{
		name: func(r store.Recipient) string { return "recipient " + r.ID },
		of:   recipientOf,
		same: func(want, stored store.Recipient) bool {
			return stored.Version == want.Version+1 && bytes.Equal(stored.Body, want.Body) && stored.DueAt == want.DueAt && (want.DueAt == 0 || stored.Rank == want.Rank)
		},
		read: func(ctx context.Context, lost []store.Recipient) (map[string]store.Recipient, error) {
			w := store.Wanted{Strong: true}
			for _, r := range lost {
				w.Recipients = append(w.Recipients, r.ID)
			}
			found, err := s.Fetch(ctx, w)
			out := make(map[string]store.Recipient, len(found.Recipients))
			for id, r := range found.Recipients {
				out["recipient "+id] = r
			}
			return out, err
		},
	})
}

// DueRecipients asks one shard of the due index.
func (s *Store) DueRecipients(ctx context.Context, shard int, until time.Time, limit int, page string) ([]store.Due, string, error) {
	due, next, err := s.due(ctx, s.tables.People, "k", shard, until, limit, page)
	for i := range due {
		due[i].ID = store.RecipientOfKey(due[i].ID)
	}
	return due, next, err
}

// The range key of the due index is the second, and its rank in thousandths of
// one: it is in the order of time, and whoever reads the index knows the rank
// without reading the items.
func joinDue(at int64, rank int) types.AttributeValue {
	if rank = min(max(rank, 0), store.MaxRank); rank == 0 {
		return number(at)
	}
	return &types.AttributeValueMemberN{Value: fmt.Sprintf("%d.%03d", at, rank)}
}

// splitDue reads it. The engine drops zeros at the end: 5.12 is rank 120.
func splitDue(it item) (at int64, rank int) {
	v, _ := it["da"].(*types.AttributeValueMemberN)
	if v == nil {
		return 0, 0
	}
	whole, part, _ := strings.Cut(v.Value, ".")
	at, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return 0, 0 // only ours are written
	}
	if part != "" {
		rank, _ = strconv.Atoi((part + "00")[:3])
	}
	return at, rank
}

// blob is an item of bytes under a version, with or without a due time.
type blob struct {
	key     string
	version int64 // of the stored item, 0: there is none
	body    []byte
	shard   string // "": not on the due index
	due     types.AttributeValue
}

func recipientBlob(r store.Recipient) blob {
	b := blob{key: store.RecipientKey(r.ID), version: r.Version, body: r.Body}
	if r.DueAt != 0 {
		b.shard, b.due = store.DueShard(r.ID), joinDue(r.DueAt, r.Rank)
	}
	return b
}

func (s *Store) blobStatement(b blob) *statement {
	key, next := text(b.key), number(b.version+1)
	v := make([]types.AttributeValue, 0, 6)
	if b.version == 0 {
		v = append(v, key, next, bin(b.body))
		if b.shard == "" {
			return &statement{text: s.texts.insert, values: v}
		}
		return &statement{text: s.texts.insertDue, values: append(v, text(b.shard), b.due)}
	}
	q := s.texts.update
	if v = append(v, next, bin(b.body)); b.shard != "" {
		q, v = s.texts.updateDue, append(v, text(b.shard), b.due)
	}
	return &statement{text: q, values: append(v, key, number(b.version))}
}

// blobTexts are the statements of blobs, with and without a due time.
type blobTexts struct{ insert, insertDue, update, updateDue string }

func textsOf(table string) blobTexts {
	return blobTexts{
		insert:    `INSERT INTO "` + table + `" VALUE {'k':?,'v':?,'x':?}`,
		insertDue: `INSERT INTO "` + table + `" VALUE {'k':?,'v':?,'x':?,'ds':?,'da':?}`,
		update:    `UPDATE "` + table + `" SET v=?, x=? REMOVE ds WHERE k=? AND v=?`,
		updateDue: `UPDATE "` + table + `" SET v=?, x=?, ds=?, da=? WHERE k=? AND v=?`,
	}
}

// writeBlob is one UpdateItem on the condition of the version.
func (s *Store) writeBlob(ctx context.Context, b blob) error {
	in := &dynamodb.UpdateItemInput{
		TableName: aws.String(s.tables.People), Key: item{"k": text(b.key)},
		ExpressionAttributeValues:           item{":n": number(b.version + 1), ":x": bin(b.body)},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		ReturnConsumedCapacity:              s.measure(),
	}
	update := "SET v = :n, x = :x"
	if b.shard != "" {
		update += ", ds = :s, da = :d"
		in.ExpressionAttributeValues[":s"], in.ExpressionAttributeValues[":d"] = text(b.shard), b.due
	} else {
		update += " REMOVE ds, da"
	}
	in.UpdateExpression = aws.String(update)
	in.ConditionExpression = aws.String("attribute_not_exists(k)")
	if b.version != 0 {
		in.ConditionExpression = aws.String("v = :v")
		in.ExpressionAttributeValues[":v"] = number(b.version)
	}
	out, err := s.db.UpdateItem(ctx, in)
	if old, ok := refused(err); ok {
		s.used1("UpdateItem", nil)
		// Our own earlier success, whose answer was lost, is a success.
		if numberOf(old, "v") == b.version+1 && bytes.Equal(bytesOf(old, "x"), b.body) {
			return nil
		}
		return fmt.Errorf("write %s: %w", b.key, store.ErrConflict)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", b.key, err)
	}
	s.used1("UpdateItem", out.ConsumedCapacity)
	return nil
}

// Suppress notes that an address must not be written to. The first reason
// stays, but for an unsubscribe.
func (s *Store) Suppress(ctx context.Context, sup store.Suppression) error {
	out, err := s.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: aws.String(s.tables.People), Key: item{"k": text(store.SuppressionKey(sup.Hash))},
		UpdateExpression: aws.String("SET c = :c, a = :a"), ConditionExpression: aws.String("attribute_not_exists(k) OR c = :u"),
		ExpressionAttributeValues: item{":c": text(sup.Reason), ":a": number(sup.At), ":u": text(store.Unsubscribed)},
		ReturnConsumedCapacity:    s.measure(),
	})
	var stands *types.ConditionalCheckFailedException
	if errors.As(err, &stands) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("suppress an address: %w", err)
	}
	s.used1("UpdateItem", out.ConsumedCapacity)
	return nil
}

// ReadSuppression reads strongly.
func (s *Store) ReadSuppression(ctx context.Context, hash string) (store.Suppression, error) {
	it, err := s.one(ctx, s.tables.People, item{"k": text(store.SuppressionKey(hash))}, true)
	if err != nil {
		return store.Suppression{}, fmt.Errorf("read suppression: %w", err)
	}
	return store.Suppression{Hash: hash, Reason: textOf(it, "c"), At: numberOf(it, "a")}, nil
}
