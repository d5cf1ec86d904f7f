// SPDX-License-Identifier: Apache-2.0

// Holds the generated custom resource definitions against the API server's own code: they have to
// be accepted (structural schema, CEL that compiles and stays within its cost budget), they have to
// accept every good document, and what they refuse has to be bad in the reader's eyes, too. What is
// in a folder of refused documents has to be refused, each of them.
//
//	crds CRD... good=FOLDER... bad=FOLDER... refused=FOLDER...
package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	apivalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/yaml"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

type kind struct {
	s *structuralschema.Structural
	v apivalidation.SchemaValidator
	c *cel.Validator
}

func main() {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	kinds := map[string]kind{}
	bad := 0
	for _, f := range os.Args[1:] {
		if strings.Contains(f, "=") {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			panic(err)
		}
		crd := &v1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(b, crd); err != nil {
			fmt.Println(f, "strict:", err)
			bad++
		}
		scheme.Default(crd)
		in := &apiextensions.CustomResourceDefinition{}
		if err := scheme.Convert(crd, in, nil); err != nil {
			panic(err)
		}
		in.Status.StoredVersions = []string{"v1alpha1"}
		for _, e := range validation.ValidateCustomResourceDefinition(context.Background(), in) {
			fmt.Println(f, e)
			bad++
		}
		props := in.Spec.Validation
		if props == nil {
			props = in.Spec.Versions[0].Schema
		}
		s, err := structuralschema.NewStructural(props.OpenAPIV3Schema)
		if err != nil {
			panic(err)
		}
		v, _, err := apivalidation.NewSchemaValidator(props.OpenAPIV3Schema)
		if err != nil {
			panic(err)
		}
		kinds[in.Spec.Names.Kind] = kind{s, v, cel.NewValidator(s, true, celconfig.PerCallLimit)}
	}
	refused, total := 0, 0
	for _, arg := range os.Args[1:] {
		what, dir, isDir := strings.Cut(arg, "=")
		if !isDir {
			continue
		}
		before := total
		files, _ := filepath.Glob(filepath.Join(dir, "*.yaml"))
		for _, f := range files {
			b, _ := os.ReadFile(f)
			var msgs []string
			d := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(b)))
			for {
				var obj map[string]interface{}
				part, err := d.Read()
				if err == io.EOF {
					break
				}
				if err == nil {
					part, err = yaml.ToJSON(part)
				}
				if err == nil {
					err = json.Unmarshal(part, &obj)
				}
				if err != nil {
					msgs = append(msgs, "parse")
					break
				}
				k, ok := kinds[fmt.Sprint(obj["kind"])]
				if !ok || obj["apiVersion"] != "otelgate.dev/v1alpha1" {
					continue
				}
				defaulting.PruneNonNullableNullsWithoutDefaults(obj, k.s)
				defaulting.Default(obj, k.s)
				for _, u := range pruning.PruneWithOptions(obj, k.s, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}) {
					msgs = append(msgs, "unknown "+u)
				}
				errs := apivalidation.ValidateCustomResource(nil, obj, k.v)
				errs = append(errs, listtype.ValidateListSetsAndMaps(nil, k.s, obj)...)
				if len(errs) == 0 {
					ce, _ := k.c.Validate(context.Background(), field.NewPath(""), k.s, obj, nil, celconfig.RuntimeCELCostBudget)
					errs = append(errs, ce...)
				}
				for _, e := range errs {
					msgs = append(msgs, e.Error())
				}
			}
			total++
			if len(msgs) == 0 {
				if what == "refused" {
					fmt.Printf("%s: not refused\n", f)
					bad++
				}
				continue
			}
			refused++
			if what == "good" {
				fmt.Printf("%s: refused: %s\n", f, strings.Join(msgs, " | "))
				bad++
			}
		}
		if total == before {
			fmt.Printf("%s: there is nothing\n", dir)
			bad++
		}
	}
	fmt.Printf("crds: %d of %d documents refused by the schema, %d problems\n", refused, total, bad)
	if bad > 0 || refused == 0 {
		os.Exit(1)
	}
}
