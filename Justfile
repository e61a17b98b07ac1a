# The verbs, each one line; `cargo xtask` alone explains them. Nothing needs just.

setup:
    cargo xtask setup

build:
    cargo xtask build

plugins:
    cargo xtask plugins

serve:
    cargo xtask demo

test:
    cargo xtask test

lint:
    cargo xtask lint

bench:
    cargo xtask bench

bench-peers *arguments:
    cargo xtask bench-peers {{arguments}}

bench-attack *arguments:
    cargo xtask bench-attack {{arguments}}

soak *arguments:
    cargo xtask bench-attack soak {{arguments}}

fuzz *arguments:
    cargo xtask fuzz {{arguments}}

ci:
    cargo xtask ci
