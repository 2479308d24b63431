"""Faults on a real cluster while requests are answered, and the books afterwards (`make chaos`).

Three pods are asked at full speed while, one after another in an order drawn by the seed, the collector and
the server are killed, a pod is deleted, the store refuses, hangs, is given wrong credentials, and the spool
fills up. Then everything is accounted for, by id:

- Every *attempt* has a request id of its own, so an id that is stored twice is a fault of ours.
- `completed(P)`: attempts that got 200 and the whole answer, by the uid of the pod that gave it.
- `stored(P)`: rows in the bucket, in the objects that carry the uid. Each row's id was asked for; no request
  id and no record id is there twice; no row is of an attempt that was refused or reached nobody.
- `extra(P)`: rows of attempts whose connection broke off. Each was in flight while P's server was killed.
- `missing(P)`: completed, but not stored. Where P still counts: `missing(P) = dropped(P)`, up to attempts
  that broke off in a kill and may have been dropped as well; every drop is a `spool_full`.
- `captured(P) = stored(P) + lost(P)` by the pod's own counters, which never fall, whatever was killed.

So, over all pods: completed + extra = stored + dropped. At last the store goes away for longer than the
grace period of a pod that is deleted: then `missing(P)` is what its collector said, in its termination
message, that it could not deliver, and the segments that it names are those that the bucket does not have.
`status.collection` holds the sums of all pods, and an Event tells of the one that took records with it.
"""
