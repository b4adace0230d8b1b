package extension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/cloakroom/cloakroom/vault/extension/internal/metadata"
)

// NewFactory returns the factory of the extension `token_vault`.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type, defaultConfig, create, metadata.ExtensionStability)
}

func create(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	return newVault(set, cfg.(*Config))
}
