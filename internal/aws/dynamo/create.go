package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// CreateTables makes the four tables, named prefix + Ledger and so on, for
// tests and measurements. In the cloud and in the local run template.yaml makes
// them; a test holds the two together.
func CreateTables(ctx context.Context, db *dynamodb.Client, prefix string) (Tables, error) {
	t := Tables{Ledger: prefix + "Ledger", History: prefix + "History", People: prefix + "People", Desk: prefix + "Desk"}
	due := index{"due", "ds", "da"}
	for _, c := range []struct {
		name, hash, sort string
		indexes          []index
		stream           bool
	}{
		{t.Ledger, "l", "", []index{{"band", "b", ""}, due}, true},
		{t.History, "h", "r", nil, false},
		{t.People, "k", "", []index{due}, false},
		{t.Desk, "k", "r", []index{{"work", "ws", "wr"}}, false},
	} {
		in := &dynamodb.CreateTableInput{
			TableName: aws.String(c.name), BillingMode: types.BillingModePayPerRequest, KeySchema: keys(c.hash, c.sort),
		}
		named := map[string]bool{}
		define := func(names ...string) {
			for _, n := range names {
				if n != "" && !named[n] {
					named[n] = true
					kind := types.ScalarAttributeTypeS
					if n == "da" {
						kind = types.ScalarAttributeTypeN
					}
					in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String(n), AttributeType: kind})
				}
			}
		}
		define(c.hash, c.sort)
		for _, x := range c.indexes {
			define(x.hash, x.sort)
			in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
				IndexName: aws.String(x.name), KeySchema: keys(x.hash, x.sort),
				Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
			})
		}
		if c.stream {
			in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewImage}
		}
		if _, err := db.CreateTable(ctx, in); err != nil {
			return t, fmt.Errorf("create table %s: %w", c.name, err)
		}
	}
	return t, nil
}

type index struct{ name, hash, sort string }

func keys(hash, sort string) []types.KeySchemaElement {
	k := []types.KeySchemaElement{{AttributeName: aws.String(hash), KeyType: types.KeyTypeHash}}
	if sort != "" {
		k = append(k, types.KeySchemaElement{AttributeName: aws.String(sort), KeyType: types.KeyTypeRange})
	}
	return k
}
