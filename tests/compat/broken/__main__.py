"""python -m tests.compat.broken: keep promptflow's names of the last `make compat` for the unit tests."""

from tests.compat.broken.names import keep, said_by_promptflow

if __name__ == "__main__":
    keep(said_by_promptflow())
