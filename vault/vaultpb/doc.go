// Package vaultpb holds the messages of the vault's protocol, version 1, generated from the .proto files beside it.
//
// There are three services, and they stay three: IssuerService is what an agent may call and opens nothing,
// RevealService turns tokens into values, AdminService erases and reports. Their Connect clients and handlers are in
// vaultpbconnect.
package vaultpb
