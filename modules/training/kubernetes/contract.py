"""What a worker's pod and the launch that follows it agree on."""

CONTAINER = "node"  # as Kubeflow Trainer wants it called, too
MARK = "headrace.progress: "  # before a line of the log that tells how far the training is
REFUSED = 65  # exit code: the spec or the data is wrong (EX_DATAERR of sysexits.h)
AGAIN = 75  # exit code: a peer was lost, say; another start may do better (EX_TEMPFAIL)
TERMINATION_FILE = "/dev/termination-log"  # what Kubernetes shows of a container that has ended
TERMINATION_VARIABLE = "TERMINATION_MESSAGE_PATH"  # environment variable: that file
