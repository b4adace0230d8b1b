// Command steps runs go test on a package whose loops and functions count: "go run ./builder/steps ./processor/detect -run
// TestSteps" compiles every source file of the package with steps++ at the begin of each function and of each loop, and
// with searches of package strings that count the bytes they read. The sources stay as they are, and a reader that is
// written tomorrow counts as well. Tests that want the counter have the build tag steps.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) < 2 || strings.HasPrefix(os.Args[1], "-") {
		fmt.Fprintln(os.Stderr, "usage: steps PACKAGE-DIRECTORY [FLAG OF GO TEST]...")
		os.Exit(2)
	}
	err := run(os.Args[1], os.Args[2:])
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		os.Exit(1) // go test has said why
	case err != nil:
		fmt.Fprintln(os.Stderr, "steps:", err)
		os.Exit(1)
	}
}

func run(dir string, flags []string) error {
	temp, err := os.MkdirTemp("", "steps")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	overlay, err := writeOverlay(dir, temp)
	if err != nil {
		return fmt.Errorf("prepare the sources of %s: %w", dir, err)
	}
	args := append([]string{"test", "-tags", "steps", "-overlay", overlay, "-vet=off"}, flags...)
	cmd := exec.Command("go", append(args, "./"+filepath.ToSlash(filepath.Clean(dir)))...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// writeOverlay writes the sources of dir that count, and returns the file that maps the sources to them.
func writeOverlay(dir, temp string) (string, error) {
	sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	name := ""
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		var counted []byte
		if name, counted, err = instrument(path, src); err != nil {
			return "", err
		}
		if err := put(replace, temp, path, counted); err != nil {
			return "", err
		}
	}
	if name == "" {
		return "", errors.New("no Go sources")
	}
	if err := put(replace, temp, filepath.Join(dir, "steps_counter.go"), []byte("package "+name+counter)); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(temp, "overlay.json")
	return overlay, os.WriteFile(overlay, list, 0o600)
}

func put(replace map[string]string, temp, path string, src []byte) error {
	full, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	replace[full] = filepath.Join(temp, filepath.Base(path))
	return os.WriteFile(replace[full], src, 0o600)
}

// counter is what the sources that count refer to.
const counter = `

import "strings"

// steps is how often a function or the body of a loop began, and how many bytes were searched.
var steps int

func stepsTo(s string, n int) int {
	if n < 0 {
		steps += len(s)
	} else {
		steps += n
	}
	return n
}

func stepsIndex(s, sub string) int                     { return stepsTo(s, strings.Index(s, sub)) }
func stepsIndexByte(s string, c byte) int              { return stepsTo(s, strings.IndexByte(s, c)) }
func stepsIndexAny(s, chars string) int                { return stepsTo(s, strings.IndexAny(s, chars)) }
func stepsIndexFunc(s string, f func(rune) bool) int   { return stepsTo(s, strings.IndexFunc(s, f)) }
func stepsContains(s, sub string) bool                 { return stepsTo(s, strings.Index(s, sub)) >= 0 }
func stepsContainsAny(s, chars string) bool            { return stepsTo(s, strings.IndexAny(s, chars)) >= 0 }
func stepsContainsRune(s string, r rune) bool          { return stepsTo(s, strings.IndexRune(s, r)) >= 0 }
func stepsLastIndexByte(s string, c byte) int          { n := strings.LastIndexByte(s, c); steps += len(s) - max(n, 0); return n }
func stepsLastIndex(s, sub string) int                 { n := strings.LastIndex(s, sub); steps += len(s) - max(n, 0); return n }
func stepsCount(s, sub string) int                     { steps += len(s); return strings.Count(s, sub) }
func stepsToLower(s string) string                     { steps += len(s); return strings.ToLower(s) }
func stepsToUpper(s string) string                     { steps += len(s); return strings.ToUpper(s) }
func stepsFields(s string) []string                    { steps += len(s); return strings.Fields(s) }
func stepsSplit(s, sep string) []string                { steps += len(s); return strings.Split(s, sep) }
`

// searches are the functions of package strings that counter has a counting twin of.
var searches = []string{
	"Contains", "ContainsAny", "ContainsRune", "Count", "Fields", "Index", "IndexAny", "IndexByte", "IndexFunc", "LastIndex", "LastIndexByte", "Split", "ToLower", "ToUpper",
}

// instrument returns the source with counting, on the lines where everything was.
func instrument(path string, src []byte) (name string, counted []byte, err error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, src, parser.ParseComments)
	if err != nil {
		return "", nil, err
	}
	type edit struct {
		at, cut int
		put     string
	}
	var edits []edit
	offset := func(p token.Pos) int { return files.Position(p).Offset }
	begin := func(body *ast.BlockStmt) {
		if body != nil {
			edits = append(edits, edit{offset(body.Lbrace) + 1, 0, " steps++; "})
		}
	}
	importsStrings := slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"strings"` && i.Name == nil })
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			begin(n.Body)
		case *ast.FuncLit:
			begin(n.Body)
		case *ast.ForStmt:
			begin(n.Body)
		case *ast.RangeStmt:
			begin(n.Body)
		case *ast.CallExpr:
			f, ok := n.Fun.(*ast.SelectorExpr)
			if !ok || !importsStrings {
				break
			}
			if pkg, ok := f.X.(*ast.Ident); ok && pkg.Name == "strings" && slices.Contains(searches, f.Sel.Name) {
				edits = append(edits, edit{offset(f.Pos()), len("strings."), "steps"})
			}
		}
		return true
	})
	slices.SortStableFunc(edits, func(a, b edit) int { return a.at - b.at })
	last := 0
	for _, e := range edits {
		counted = append(counted, src[last:e.at]...)
		counted = append(counted, e.put...)
		last = e.at + e.cut
	}
	counted = append(counted, src[last:]...)
	if importsStrings {
		counted = append(counted, "\nvar _ = strings.Index\n"...)
	}
	return file.Name.Name, counted, nil
}
