// What holds the namespaces of a pod in the testbed.
module nodetask.dev/testbed/pause

go 1.26.0
