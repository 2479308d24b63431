module flow-operator-cluster/pause

go 1.26.0
