package scan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// object is a line of JSON output.
type object struct {
	File     string `json:"file"`
	Line     int64  `json:"line"`
	Findings []struct {
		Start, End int
		Entity     string
		Confidence float64
	} `json:"findings"`
}

func detector(t testing.TB) *detect.Detector {
	t.Helper()
	d, err := detect.New(detect.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func text(name, content string) Input {
	return Input{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

// run scans and decodes the JSON output.
func run(t testing.TB, inputs ...Input) ([]object, Totals) {
	t.Helper()
	d := detector(t)
	var out bytes.Buffer
	totals, err := New(Settings{
		Detector: d, Format: JSON{Entities: d.Entities(), WithInput: len(inputs) > 1}, Workers: 3,
		Fault: func(name string, err error) { t.Errorf("%s: %v", name, err) },
	}, inputs).Run(context.Background(), &out)
	if err != nil {
		t.Fatal(err)
	}
	var objects []object
	dec := json.NewDecoder(&out)
	for {
		var o object
		if err := dec.Decode(&o); errors.Is(err, io.EOF) {
			return objects, totals
		} else if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
}

// spans writes the findings of one line as start-end:entity.
func (o object) spans() string {
	var b strings.Builder
	for _, f := range o.Findings {
		fmt.Fprintf(&b, "%d-%d:%s ", f.Start, f.End, f.Entity)
	}
	return strings.TrimSuffix(b.String(), " ")
}

func TestLines(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"nothing":                     {"", nil},
		"one empty line":              {"\n", []string{""}},
		"last line without an end":    {"a\nb anna@example.com", []string{"", "2-18:email"}},
		"line ends of Windows":        {"anna@example.com\r\n\r\nb\r\n", []string{"0-16:email", "", ""}},
		"offsets are bytes":           {"Grüße an anna@example.com\n", []string{"11-27:email"}},
		"not UTF-8":                   {"\xff\xfe anna@example.com\n", []string{"3-19:email"}},
		"private key on several":      {"a\n-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIFakeFakeFakeFakeFakeFakeFakeFakeFakeFakeFake\n-----END EC PRIVATE KEY-----\nb\n", []string{"", "0-30:private_key", "0-53:private_key", "0-28:private_key", ""}},
		"block that never ends":       {"-----BEGIN CERTIFICATE-----\nanna@example.com\n", []string{"", "0-16:email"}},
		"values in what is no secret": {"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\nanna@example.com\n", []string{"", "", "", "0-16:email"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, totals := run(t, text("in", c.in))
			if len(got) != len(c.want) || totals.Lines != int64(len(c.want)) {
				t.Fatalf("%d lines, totals say %d, want %d", len(got), totals.Lines, len(c.want))
			}
			for i, o := range got {
				if o.Line != int64(i+1) || o.spans() != c.want[i] {
					t.Errorf("line %d (numbered %d): got %q, want %q", i+1, o.Line, o.spans(), c.want[i])
				}
			}
			if totals.Bytes != int64(len(c.in)) {
				t.Errorf("%d bytes of %d counted", totals.Bytes, len(c.in))
			}
		})
	}
}

// TestManyChunks scans several inputs of many chunks and compares with the detector line by line: the order is that of the
// inputs, and where chunks are cut makes no difference.
func TestManyChunks(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	d := detector(t)
	scratch := detect.NewScratch()
	var inputs []Input
	var want []string
	for file := range 3 {
		var b strings.Builder
		for b.Len() < 5*chunkSize/2 {
			line := sample(random)
			b.WriteString(line + "\n")
			want = append(want, expect(d, scratch, line))
		}
		inputs = append(inputs, text(fmt.Sprintf("file%d", file), b.String()))
	}
	got, _ := run(t, inputs...)
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i].spans() != want[i] {
			t.Fatalf("%s:%d: got %q, want %q", got[i].File, got[i].Line, got[i].spans(), want[i])
		}
	}
}

func expect(d *detect.Detector, s *detect.Scratch, line string) string {
	var o object
	for _, f := range d.Find(s, detect.Key{}, line) {
		o.Findings = append(o.Findings, struct {
			Start, End int
			Entity     string
			Confidence float64
		}{f.Start, f.End, d.Entities()[f.Entity].Name, 0})
	}
	return o.spans()
}

func sample(random *rand.Rand) string {
	words := []string{"user anna@example.com", "GET /a/b?x=1", "ok", "größer", "took 12ms", "from bob.miller@mail.example.org,", "{}"}
	var b strings.Builder
	for range random.IntN(12) {
		b.WriteString(words[random.IntN(len(words))] + " ")
	}
	return b.String()
}

// TestLongLine plants values at random places of lines of several windows; each must be found once, with the offsets it
// has in the line, however the input is read.
func TestLongLine(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	readers := map[string]func(io.Reader) io.Reader{
		"whole reads":    func(r io.Reader) io.Reader { return r },
		"halves":         iotest.HalfReader,
		"end with data":  iotest.DataErrReader,
		"three at a row": func(r io.Reader) io.Reader { return &shortReader{r, 3000} },
	}
	const value = "anna@example.com"
	line := []byte(strings.Repeat("größer als x ", 5*chunkSize/15))
	var want []int
	for at := 0; at < len(line)-100; at += 50 + random.IntN(3000) {
		for line[at] != 'x' {
			at++
		}
		want = append(want, at)
		copy(line[at-1:], " "+value+" ")
	}
	for name, reader := range readers {
		for _, live := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/live=%t", name, live), func(t *testing.T) {
				content := "first\n" + string(line) + "\nbob@example.com\n" + string(line)
				got, totals := run(t, Input{Name: "in", Live: live, Open: func() (io.ReadCloser, error) {
					return io.NopCloser(reader(strings.NewReader(content))), nil
				}})
				if len(got) != 4 || totals.Lines != 4 || totals.Bytes != int64(len(content)) {
					t.Fatalf("%d lines, totals %+v", len(got), totals)
				}
				if got[2].spans() != "0-15:email" {
					t.Errorf("the line between: %q", got[2].spans())
				}
				for _, o := range []object{got[1], got[3]} {
					if len(o.Findings) != len(want) {
						t.Fatalf("%d findings, want %d", len(o.Findings), len(want))
					}
					for i, f := range o.Findings {
						if f.Start != want[i] || f.End != want[i]+len(value) {
							t.Fatalf("finding %d at %d-%d, want it at %d", i, f.Start, f.End, want[i])
						}
					}
				}
				if totals.Findings != int64(2*len(want)+1) || totals.LinesWith != 3 {
					t.Errorf("totals %+v", totals)
				}
			})
		}
	}
}

// TestDenseLongLine has nothing but values in a long line, so that every seam and every end of a window stands in one.
func TestDenseLongLine(t *testing.T) {
	for _, separator := range []string{" ", ",", "|", "\":\""} {
		unit := "anna.maria@example.com" + separator
		n := 4 * chunkSize / len(unit)
		got, totals := run(t, text("in", strings.Repeat(unit, n)))
		if len(got) != 1 || len(got[0].Findings) != n || totals.Findings != int64(n) {
			t.Fatalf("separator %q: %d findings, totals say %d, want %d", separator, len(got[0].Findings), totals.Findings, n)
		}
		for i, f := range got[0].Findings {
			if f.Start != i*len(unit) || f.End != f.Start+22 {
				t.Fatalf("separator %q: finding %d is %d-%d", separator, i, f.Start, f.End)
			}
		}
	}
}

// shortReader gives at most n bytes at a time.
type shortReader struct {
	io.Reader
	n int
}

func (r *shortReader) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(len(p), r.n)]) }

func TestLiveInputIsAnsweredAtOnce(t *testing.T) {
	in, feed := io.Pipe()
	result, out := io.Pipe()
	d := detector(t)
	done := make(chan error, 1)
	go func() {
		_, err := New(Settings{Detector: d, Format: Positions{d.Entities()}}, []Input{{
			Name: "live", Live: true, Open: func() (io.ReadCloser, error) { return in, nil },
		}}).Run(context.Background(), out)
		out.Close()
		done <- err
	}()
	buf := make([]byte, 100)
	for i := range 3 {
		fmt.Fprintf(feed, "line of anna@example.com\n")
		n, err := result.Read(buf)
		if want := fmt.Sprintf("live:%d:9: email ", i+1); err != nil || !strings.HasPrefix(string(buf[:n]), want) {
			t.Fatalf("got %q, %v", buf[:n], err)
		}
	}
	feed.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestInterrupt(t *testing.T) {
	in, feed := io.Pipe()
	defer feed.Close()
	d := detector(t)
	ctx, cancel := context.WithCancel(context.Background())
	var out bytes.Buffer
	done := make(chan error, 1)
	go func() {
		_, err := New(Settings{Detector: d, Format: SARIF{Entities: d.Entities()}}, []Input{{
			Name: "live", Live: true, Open: func() (io.ReadCloser, error) { return in, nil },
		}}).Run(ctx, &out)
		done <- err
	}()
	fmt.Fprintf(feed, "anna@example.com\n")
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if !json.Valid(out.Bytes()) {
		t.Errorf("an interrupted SARIF log must be closed: %s", out.Bytes())
	}
}

func TestFaults(t *testing.T) {
	d := detector(t)
	broken := errors.New("disk broken")
	var faults []string
	var out bytes.Buffer
	_, err := New(Settings{
		Detector: d, Format: Positions{d.Entities()},
		Fault: func(name string, err error) { faults = append(faults, name+": "+err.Error()) },
	}, []Input{
		{Name: "gone", Open: func() (io.ReadCloser, error) { return nil, errors.New("no such file") }},
		{Name: "half", Open: func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader("anna@example.com\nbob@exa"), iotest.ErrReader(broken))), nil
		}},
		text("whole", "anna@example.com"),
	}).Run(context.Background(), &out)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(faults, "; "); got != "gone: no such file; half: disk broken" {
		t.Errorf("faults: %s", got)
	}
	if got := out.String(); !strings.HasPrefix(got, "half:1:1: email") || !strings.Contains(got, "\nwhole:1:1: email") {
		t.Errorf("what can be read must be scanned: %q", got)
	}
	if _, err := New(Settings{Detector: d, Format: Positions{d.Entities()}}, []Input{text("in", "anna@example.com")}).
		Run(context.Background(), failing{broken}); !errors.Is(err, broken) {
		t.Errorf("a writer that fails: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
