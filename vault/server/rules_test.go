package server_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/server"
)

func TestMatch(t *testing.T) {
	many := strings.Repeat("*a", 40)
	for _, tt := range []struct {
		name, pattern, s string
		want             bool
	}{
		{"the same", "orders.raw", "orders.raw", true},
		{"longer", "orders", "orders.raw", false},
		{"nothing", "", "", true},
		{"a star for nothing", "orders*", "orders", true},
		{"a star at the end", "orders.*", "orders.raw", true},
		{"a star for a slash", "spiffe://shop/*", "spiffe://shop/ns/a", false},
		{"a star for a part of a path", "spiffe://shop/*/a", "spiffe://shop/ns/a", true},
		{"two stars for slashes", "spiffe://shop/**", "spiffe://shop/ns/a", true},
		{"two stars for nothing", "spiffe://shop/**", "spiffe://shop/", true},
		{"two stars, then another", "**/*.raw", "eu/shop/orders.raw", true},
		{"two stars, then another, for a slash", "**x*.raw", "eux/orders.raw", false},
		{"a star that has to take more", "*.raw", "a.raw.raw", true},
		{"many stars, all of them needed", many, strings.Repeat("ba", 40), true},
		{"many stars in vain", many, strings.Repeat("a", 5_000) + "b", false}, // by trying each way, this takes for ever
	} {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.want, server.Match(tt.pattern, tt.s)) })
	}
}
