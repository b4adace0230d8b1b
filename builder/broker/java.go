package broker

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// leastJava is the Java that Apache Kafka 4 asks for.
const leastJava = 17

var errNoJava = fmt.Errorf("the broker of Apache Kafka needs Java %d or newer: install one (Debian: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk), "+
	"and have java on PATH or JAVA_HOME name its directory", leastJava)

// java is the program that runs the broker: that of JAVA_HOME, or the one on PATH.
func java() (string, error) {
	program := "java"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		program = filepath.Join(home, "bin", "java")
	}
	program, err := exec.LookPath(program)
	if err != nil {
		return "", errors.Join(errNoJava, err)
	}
	out, err := exec.Command(program, "-version").CombinedOutput()
	if err != nil {
		return "", errors.Join(errNoJava, fmt.Errorf("%s -version: %w", program, err))
	}
	if v := major(string(out)); v < leastJava {
		return "", errors.Join(errNoJava, fmt.Errorf("%s is of version %d", program, v))
	}
	return program, nil
}

var versionLine = regexp.MustCompile(`version "(?:1\.)?(\d+)`)

// major is the number of the release that `java -version` tells, or 0.
func major(text string) int {
	m := versionLine.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return n
}
