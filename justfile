# Every command of the project, by its name in package.json.
set shell := ["bash", "-cu"]
pnpm := "npx -y pnpm@12.20.0"

# this list
default:
    @just --list

# the whole stack on embedded defaults: relay and web client
dev:
    {{pnpm}} dev

# a thief with a stolen state is locked out, on real clients
demo:
    {{pnpm}} demo

# everything that ships
build:
    {{pnpm}} build

# all tests
test:
    {{pnpm}} test

# lint, types, format, freshness of the wasm
check:
    {{pnpm}} check

# sizes and counts against their baselines, and times
bench *args:
    {{pnpm}} bench {{args}}

# the SDK and the relay under seeds: sim --seed 39, sim --for 10m
sim *args:
    {{pnpm}} -s sim {{args}}

# what takes longer: without a name, the list of proofs
prove *args:
    {{pnpm}} -s prove {{args}}

# check and build the book
docs:
    {{pnpm}} run docs

# rebuild the wasm artefact from crates/
wasm:
    {{pnpm}} wasm

# is the artefact what crates/ make?
wasm-check:
    {{pnpm}} wasm:check

# the terminal client
qpc *args:
    {{pnpm}} -s qpc {{args}}

# the relay alone
relay:
    {{pnpm}} -s relay
