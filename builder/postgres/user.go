package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// user is whom the server runs as; nil is who runs this process.
type user struct{ uid, gid int }

// unprivileged is a user the server may run as.
func unprivileged() (*user, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := osuser.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			continue
		}
		gid, err := strconv.Atoi(u.Gid)
		if err == nil {
			return &user{uid, gid}, nil
		}
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody")
}

func (u *user) own(path string) error {
	if u == nil {
		return nil
	}
	return os.Chown(path, u.uid, u.gid)
}

func (u *user) attributes() *syscall.SysProcAttr {
	// A group of its own: Ctrl-C in a terminal is for who started the server, and who then stops it.
	a := &syscall.SysProcAttr{Setpgid: true}
	if u != nil {
		a.Credential = &syscall.Credential{Uid: uint32(u.uid), Gid: uint32(u.gid)}
	}
	return a
}

// reaches reports why the user could not work in dir.
func (u *user) reaches(dir string) error {
	if u == nil {
		return nil
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if !u.may("-w", abs) {
		return fmt.Errorf("%s: the user PostgreSQL runs as (uid %d) cannot work in it; a directory above it keeps others out", abs, u.uid)
	}
	return nil
}

// may is a test(1) of a path by the user.
func (u *user) may(test, path string) bool {
	if u == nil {
		return true
	}
	c := exec.Command("test", test, path)
	c.Dir, c.SysProcAttr = "/", u.attributes()
	return c.Run() == nil
}
