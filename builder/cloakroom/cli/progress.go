package cli

import (
	"fmt"
	"os"
	"time"

	"github.com/cloakroom/cloakroom/builder/cloakroom/scan"
	"github.com/cloakroom/cloakroom/builder/cloakroom/terminal"
)

// progressAfter is how long a command runs before its progress is shown, progressEvery how often it changes then.
const (
	progressAfter = time.Second
	progressEvery = 200 * time.Millisecond
)

// showProgress shows how far a scan is. The function it returns ends that.
func showProgress(inputs []scan.Input, files []string, scanned func() int64) (stop func()) {
	total := sizeOf(inputs, files)
	return showLine(func(since time.Duration) string { return progress(scanned(), total, since) })
}

// showLine shows a line that changes on standard error, when that is a terminal and standard output, whose lines would
// run into it, is not. The function it returns ends that.
func showLine(line func(since time.Duration) string) (stop func()) {
	if !terminal.Is(os.Stderr) || terminal.Is(os.Stdout) {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		start := time.Now()
		wait := progressAfter
		for {
			select {
			case <-done:
				if wait == progressEvery {
					fmt.Fprint(os.Stderr, "\r\x1b[K")
				}
				return
			case <-time.After(wait):
				wait = progressEvery
				fmt.Fprintf(os.Stderr, "\r\x1b[K%s", line(time.Since(start)))
			}
		}
	}()
	return func() { close(done); <-ended }
}

func progress(scanned, total int64, since time.Duration) string {
	rate := size(int64(float64(scanned)/since.Seconds())) + "/s"
	if total <= 0 {
		return fmt.Sprintf("%s, %s", size(scanned), rate)
	}
	return fmt.Sprintf("%3d%%  %s of %s, %s", 100*scanned/total, size(scanned), size(total), rate)
}

// sizeOf is the number of bytes of all inputs, or 0 when one of them is no regular file.
func sizeOf(inputs []scan.Input, files []string) int64 {
	var total int64
	for i, name := range files {
		info, err := os.Stat(name)
		if err != nil || inputs[i].Live {
			return 0
		}
		total += info.Size()
	}
	return total
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}

func plural(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
