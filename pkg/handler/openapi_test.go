package handler

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"strongroom/pkg/api"
)

func TestTheDocumentHasTheLargestVersionNumber(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	number := doc.Components.Schemas["VersionNumber"].Value
	if *number.Min != 1 || *number.Max != maxVersionNumber {
		t.Errorf("a version is %v to %v in the document, 1 to %d in the code", *number.Min, *number.Max, int64(maxVersionNumber))
	}
}
