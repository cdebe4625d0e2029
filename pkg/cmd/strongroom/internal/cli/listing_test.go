package cli

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestColumnsAreAlignedAsTheyAreSeen(t *testing.T) {
	for _, test := range []struct {
		name   string
		rows   [][]string
		widest int
		want   []string
	}{
		{"wide characters", [][]string{{"NAME", "ID"}, {"数据库", "1"}, {"🔐", "2"}, {"plain", "3"}}, math.MaxInt,
			[]string{"NAME    ID", "数据库  1", "🔐      2", "plain   3"}},
		{"marks that take no place", [][]string{{"e\u0301", "1"}, {"ee", "2"}}, math.MaxInt, []string{"e\u0301   1", "ee  2"}},
		{"rows of different length, and empty cells", [][]string{{"a"}, {"bbb", "", "2"}, {"", "c"}}, math.MaxInt, []string{"a", "bbb     2", "     c"}},
		{"one long name moves its own line alone", [][]string{{"a", "1"}, {"a long name", "2"}, {"bb", "3"}}, 4,
			[]string{"a   1", "a long name  2", "bb  3"}},
		{"what moves the cursor", [][]string{{"a\x1b[2J", "1"}, {"b", "2"}}, math.MaxInt, []string{"a [2J  1", "b      2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, aligned(test.rows, test.widest)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
