module runt/conformance

go 1.21

require github.com/opencontainers/runtime-tools v0.9.1-0.20260316125833-8a4db579f5c8
