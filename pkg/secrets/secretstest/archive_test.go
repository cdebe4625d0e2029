package secretstest

import "testing"

func TestTheArchiveInMemory(t *testing.T) { TestArchive(t, &Archive{}, "") }
