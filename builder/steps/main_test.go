package main

import (
	"go/parser"
	"go/token"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInstrument(t *testing.T) {
	src := "package p\n\nimport \"strings\"\n\nfunc f(s string) int {\n\tfor range s { // why\n\t}\n\tg := func() {}\n\tg()\n\tfor i := range 3 {\n\t\t_ = strings.TrimSpace(s[i:])\n\t}\n\treturn strings.Index(s, \"x\")\n}\n\nfunc external()\n"
	name, counted, err := instrument("p.go", []byte(src))
	require.NoError(t, err)
	require.Equal(t, "p", name)
	require.Equal(t, "package p\n\nimport \"strings\"\n\nfunc f(s string) int { steps++; \n\tfor range s { steps++;  // why\n\t}\n\tg := func() { steps++; }\n\tg()\n\tfor i := range 3 { steps++; \n\t\t_ = strings.TrimSpace(s[i:])\n\t}\n\treturn stepsIndex(s, \"x\")\n}\n\nfunc external()\n\nvar _ = strings.Index\n", string(counted))
	_, err = parser.ParseFile(token.NewFileSet(), "p.go", counted, 0)
	require.NoError(t, err)
}

func TestEverySearchHasItsTwin(t *testing.T) {
	for _, name := range searches {
		require.Contains(t, counter, "func steps"+name+"(")
	}
}
