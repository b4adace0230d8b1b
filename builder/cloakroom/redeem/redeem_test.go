package redeem

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/cloakroom/cloakroom/vault/token"
)

// vault answers from a table; every token not in it is unknown.
type vault struct {
	values map[string]string
	asked  int
	sizes  []int
}

func (v *vault) ask(_ context.Context, tokens []string) ([]Answer, error) {
	v.asked += len(tokens)
	v.sizes = append(v.sizes, len(tokens))
	answers := make([]Answer, len(tokens))
	for i, t := range tokens {
		if value, ok := v.values[t]; ok {
			answers[i].Value = []byte(value)
		} else {
			answers[i].Reason = "unknown"
		}
	}
	return answers, nil
}

func mint(n byte) string {
	return string(token.Append(nil, "email", 7, token.Identity{n}, uint32(n)))
}

var (
	anna    = mint(1)
	bob     = mint(2)
	unknown = mint(3)
)

func newVault() *vault {
	return &vault{values: map[string]string{anna: "anna@example.com", bob: "b"}}
}

func TestCopy(t *testing.T) {
	cases := map[string]struct{ in, want string }{
		"nothing":                  {"", ""},
		"no token":                 {"plain text, tkt_ and tk", "plain text, tkt_ and tk"},
		"a token alone":            {anna, "anna@example.com"},
		"in a line":                {"user=" + anna + " ok\n", "user=anna@example.com ok\n"},
		"two side by side":         {anna + bob, "anna@example.comb"},
		"unknown stays":            {"a " + unknown + " b " + bob, "a " + unknown + " b b"},
		"last four kept":           {"card " + bob + "_1234 paid", "card b paid"},
		"domain kept":              {"to " + anna + "@mail.example.com.\n", "to anna@example.com.\n"},
		"unknown with domain":      {unknown + "@example.com", unknown + "@example.com"},
		"underscore is no part":    {bob + "_x", "b_x"},
		"longer is no token":       {bob + "x", bob + "x"},
		"cut is no token":          {bob[:20], bob[:20]},
		"in JSON":                  {`{"a":"` + anna + `","b":"` + bob + `@example.com"}`, `{"a":"anna@example.com","b":"b"}`},
		"a token of a long domain": {anna + "@" + strings.Repeat("abcdefghi.", 24) + "com x", "anna@example.com x"},
		"bytes that are not UTF-8": {"\xff" + bob + "\xfe", "\xffb\xfe"},
	}
	readers := map[string]func(io.Reader) io.Reader{
		"at once":       func(r io.Reader) io.Reader { return r },
		"byte by byte":  iotest.OneByteReader,
		"halves":        iotest.HalfReader,
		"end with data": iotest.DataErrReader,
	}
	for name, c := range cases {
		for how, reader := range readers {
			t.Run(name+"/"+how, func(t *testing.T) {
				var out bytes.Buffer
				r := New(Settings{Ask: newVault().ask})
				if err := r.Copy(context.Background(), &out, reader(strings.NewReader(c.in))); err != nil {
					t.Fatal(err)
				}
				if out.String() != c.want {
					t.Errorf("got  %q\nwant %q", out.String(), c.want)
				}
				if unmet := int64(strings.Count(c.want, unknown)); r.Unmet() != unmet {
					t.Errorf("%d unmet, want %d", r.Unmet(), unmet)
				}
			})
		}
	}
}

// TestCopyLargeInput has tokens over every edge of the buffer.
func TestCopyLargeInput(t *testing.T) {
	var in, want strings.Builder
	for in.Len() < 3*bufferSize {
		in.WriteString("a line of " + anna + "@example.com and " + bob + "\n")
		want.WriteString("a line of anna@example.com and b\n")
	}
	v := newVault()
	var out bytes.Buffer
	if err := New(Settings{Ask: v.ask}).Copy(context.Background(), &out, strings.NewReader(in.String())); err != nil {
		t.Fatal(err)
	}
	if out.String() != want.String() {
		t.Error("wrong output")
	}
	if v.asked != 2 {
		t.Errorf("asked for %d tokens, want each once", v.asked)
	}
}

func TestQuestionsAreBatched(t *testing.T) {
	v := &vault{values: map[string]string{}}
	var in strings.Builder
	for i := range 2500 {
		id := token.Identity{byte(i), byte(i >> 8), 1}
		in.Write(token.Append(nil, "email", 7, id, 1))
		in.WriteByte(' ')
	}
	var out bytes.Buffer
	r := New(Settings{Ask: v.ask})
	if err := r.Copy(context.Background(), &out, strings.NewReader(in.String())); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(v.sizes) != "[1000 1000 500]" || out.String() != in.String() || r.Unmet() != 2500 {
		t.Errorf("asked %v, %d unmet", v.sizes, r.Unmet())
	}
}

func TestAnsweredAtOnce(t *testing.T) {
	in, feed := io.Pipe()
	result, out := io.Pipe()
	go func() {
		New(Settings{Ask: newVault().ask}).Copy(context.Background(), out, in)
		out.Close()
	}()
	buf := make([]byte, 100)
	for range 3 {
		fmt.Fprintf(feed, "user %s\n", bob)
		if n, err := result.Read(buf); err != nil || string(buf[:n]) != "user b\n" {
			t.Fatalf("got %q, %v", buf[:n], err)
		}
	}
	feed.Close()
}

func TestVaultFails(t *testing.T) {
	gone := errors.New("gone")
	var out bytes.Buffer
	r := New(Settings{Ask: func(context.Context, []string) ([]Answer, error) { return nil, gone }})
	if err := r.Copy(context.Background(), &out, strings.NewReader("x "+anna)); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}

func TestEscape(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain line":          {"a {" + bob + "}", "a {b}"},
		"object":              {`{"a":"` + bob + `","b":"` + bob + `"}`, `{"a":"<b>","b":"<b>"}`},
		"array with space":    {" \t[" + bob + "]\n" + bob + "\n{" + bob, " \t[<b>]\nb\n{<b>"},
		"begins with a token": {bob + "{" + bob + "}", "b{b}"},
		"unknown stays":       {"{" + unknown, "{" + unknown},
	} {
		for how, reader := range map[string]func(io.Reader) io.Reader{"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader} {
			t.Run(name+"/"+how, func(t *testing.T) {
				r := New(Settings{
					Ask: newVault().ask,
					Escape: func(dst, value []byte, object bool) []byte {
						if object {
							return fmt.Appendf(dst, "<%s>", value)
						}
						return append(dst, value...)
					},
				})
				var out bytes.Buffer
				if err := r.Copy(context.Background(), &out, reader(strings.NewReader(c.in))); err != nil || out.String() != c.want {
					t.Errorf("got %q, want %q, %v", out.String(), c.want, err)
				}
			})
		}
	}
}

func TestTokens(t *testing.T) {
	var got []string
	r := New(Settings{Ask: newVault().ask})
	err := r.Tokens(context.Background(), bob+"_1234 "+unknown+" "+bob, func(tok string, a Answer) error {
		got = append(got, strings.TrimPrefix(tok, "tkt_email_")+"="+string(a.Value)+a.Reason)
		return nil
	})
	short := func(tok string) string { return strings.TrimPrefix(tok, "tkt_email_") }
	want := []string{short(bob) + "=b", short(unknown) + "=unknown", short(bob) + "=b"}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) || r.Unmet() != 1 {
		t.Errorf("got %v, %v", got, err)
	}
}

// FuzzCopy asserts that how the input is cut makes no difference.
func FuzzCopy(f *testing.F) {
	f.Add("user "+anna+"@example.com, "+unknown+"_12", 7)
	f.Add(anna+bob+"tkt_tkt_email_"+bob, 1)
	f.Add(bob+"_1234"+anna+"@a.b-c.de@"+unknown, 60)
	f.Fuzz(func(t *testing.T, text string, size int) {
		if size < 1 {
			return
		}
		var whole, cut bytes.Buffer
		if err := New(Settings{Ask: newVault().ask}).Write(context.Background(), &whole, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := New(Settings{Ask: newVault().ask}).Copy(context.Background(), &cut, &pieces{text, size}); err != nil {
			t.Fatal(err)
		}
		if whole.String() != cut.String() {
			t.Fatalf("whole %q\ncut by %d %q", whole.String(), size, cut.String())
		}
	})
}

// pieces gives its text in pieces of a size.
type pieces struct {
	rest string
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.rest == "" {
		return 0, io.EOF
	}
	n := copy(b, p.rest[:min(p.size, len(p.rest))])
	p.rest = p.rest[n:]
	return n, nil
}
