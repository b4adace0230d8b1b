//go:build !unix

package spool

import (
	"errors"
	"fmt"
)

// lock refuses: without flock and file modes a spool could be neither exclusive nor private.
func lock(path string) (unlock func() error, err error) {
	return nil, fmt.Errorf("lock %s: %w on this system", path, errors.ErrUnsupported)
}
