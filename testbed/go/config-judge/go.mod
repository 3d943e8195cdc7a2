// Only marks the root of the module: each program is built by the file of its version, such as v0.38.26.mod.
module nodetask.dev/testbed/config-judge

go 1.26
